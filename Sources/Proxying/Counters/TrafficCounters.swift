// What a frontend, a backend and a server sum up: the figures of `show stat` that only rise.

/// Sums since the worker started.
package struct TrafficCounters: Sendable {
    /// `conn_tot` of a frontend: connections that were accepted.
    package var connections = 0
    /// `stot`: sessions (frontend, TCP) or streams that were assigned (backend, server).
    package var sessions = 0
    /// `req_tot`: HTTP requests.
    package var requests = 0
    /// From the client, resp. towards the server.
    package var bytesIn = 0
    package var bytesOut = 0
    package var deniedRequests = 0
    package var deniedResponses = 0
    /// `dcon`, `dses`: connections and sessions that rules refused.
    package var deniedConnections = 0
    package var deniedSessions = 0
    package var requestErrors = 0
    package var connectionErrors = 0
    package var responseErrors = 0
    package var retries = 0
    package var redispatches = 0
    package var failedRewrites = 0
    package var internalErrors = 0
    package var clientAborts = 0
    package var serverAborts = 0
    /// `intercepted`: answered by the proxy itself.
    package var intercepted = 0
    /// `lbtot`: times that balancing chose it.
    package var chosen = 0
    /// Connections opened to servers, and uses of idle ones.
    package var connects = 0
    package var reuses = 0
    /// Responses by class.
    package var status1xx = 0
    package var status2xx = 0
    package var status3xx = 0
    package var status4xx = 0
    package var status5xx = 0
    package var statusOther = 0

    package init() {}

    /// Counts a response in its class.
    @inline(__always)
    package mutating func count(status: Int) {
        switch status {
        case 200..<300: status2xx += 1
        case 300..<400: status3xx += 1
        case 400..<500: status4xx += 1
        case 500..<600: status5xx += 1
        case 100..<200: status1xx += 1
        default: statusOther += 1
        }
    }
}
