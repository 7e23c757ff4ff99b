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
        guard let connector = connection.server.connector, let workspace = core.tls?.workspace
        else { return .done }
        if connection.tls == nil {
            connection.tls = connector.channel(
                on: connection.descriptor, name: requestedName(of: connection.server), in: workspace)
            if connection.tls != nil { core.figures.tls.servers += 1 }
            serverTLS = connection.tls
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

    /// What each `sni` of the backend gives: settled while that which it looks at is there, before a server is chosen.
    func settleNames(_ backend: Backend, in scene: Scene) {
        requestedNames = backend.names.map { expression in
            let value = expression.value(in: scene)?.text(core.arena)
            guard let value, !value.isEmpty, !value.contains(0) else { return nil }
            return String(decoding: value, as: UTF8.self)
        }
    }

    /// The name that a server is asked for; nil: none.
    func requestedName(of server: Server) -> String? {
        guard let place = server.sni, requestedNames.indices.contains(place) else { return nil }
        return requestedNames[place]
    }
}
