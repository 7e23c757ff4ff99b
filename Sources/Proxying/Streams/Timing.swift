// The timeouts of a proxy as nanoseconds, with HAProxy's fallbacks resolved: read on every event.

import ConfigLanguage
import Unix

/// Nanoseconds; `.max` is "never".
struct Timing {
    let client: Int64
    let clientHandshake: Int64
    /// Nil where not set: the usual timeout goes on.
    let clientFin: Int64?
    let httpRequest: Int64
    let keepAlive: Int64
    let connect: Int64
    let queue: Int64
    let server: Int64
    /// As `clientFin`.
    let serverFin: Int64?
    /// `.max` also where none is set: `hasTunnel` tells.
    let tunnel: Int64
    let hasTunnel: Bool
    let tarpit: Int64

    init(_ timeouts: Timeouts) {
        func span(_ values: Duration?...) -> Int64 {
            for case let value? in values { return value.nanoseconds }
            return .max
        }
        client = span(timeouts.client)
        clientHandshake = span(timeouts.clientHandshake, timeouts.client)
        clientFin = timeouts.clientFin?.nanoseconds
        httpRequest = span(timeouts.httpRequest, timeouts.client)
        keepAlive = span(timeouts.httpKeepAlive, timeouts.httpRequest, timeouts.client)
        connect = span(timeouts.connect)
        queue = span(timeouts.queue, timeouts.connect)
        server = span(timeouts.server)
        serverFin = timeouts.serverFin?.nanoseconds
        tunnel = span(timeouts.tunnel)
        hasTunnel = timeouts.tunnel != nil
        tarpit = span(timeouts.tarpit, timeouts.connect)
    }
}
