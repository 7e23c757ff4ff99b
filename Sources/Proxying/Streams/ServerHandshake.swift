// Servers that speak TLS: the handshake is part of connecting, within `timeout connect`.

import TLS
import Unix

extension Stream {
    /// Where connecting to a server stands after a step of the handshake.
    enum Securing {
        case done, waits, failed
    }

    /// Begins, or goes on with, the handshake with a server that speaks TLS; at once done with others.
    func secure(_ connection: ServerConnection) -> Securing {
        guard let connector = connection.server.connector, let client, let workspace = core.tls?.workspace
        else { return .done }
        if connection.tls == nil {
            connection.tls = connector.channel(
                on: connection.descriptor, name: serverName(connection.server, client), in: workspace)
            if connection.tls != nil { core.figures.tls.servers += 1 }
        }
        guard let tls = connection.tls else { return .failed }
        switch tls.handshake(mayHaveEnded: connection.peerHasEnded) {
        case .waits:
            connection.isReadable = false
            return .waits
        case .failed:
            connection.server.load.tls.failed += 1
            return .failed
        case .done:
            connection.server.load.tls.count(isResumed: tls.isResumed)
            core.figures.tls.connections += 1
            if !tls.isResumed { core.figures.tls.serverKeys.count(at: core.loop.now) }
            connection.isReadable = true
            return .done
        }
    }

    /// What `sni` gives for this stream.
    func serverName(_ server: Server, _ client: ClientConnection) -> String? {
        guard let expression = server.sni else { return nil }
        return expression.value(in: Scene(core: core, client: client, stream: self))?.text(core.arena)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
