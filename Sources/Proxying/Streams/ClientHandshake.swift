// Clients that speak TLS: the handshake comes before everything else, has a deadline of its own (`timeout
// client-handshake`, else `timeout client`) and its turn among the others. A handshake costs as much as hundreds of
// requests, so that only a few are worked at between two looks at everybody else.

import TLS
import Unix

extension ClientConnection {
    /// How HAProxy says why there was no handshake.
    enum HandshakeFault: String {
        case closed = "Connection closed during SSL handshake"
        case broken = "Connection error during SSL handshake"
        case timedOut = "Timeout during SSL handshake"
        case refused = "SSL handshake failure"
        case untrusted = "SSL client certificate not trusted"
        case untrustedAuthority = "SSL client CA chain cannot be verified"

        /// Perhaps a probe: `option dontlognull` keeps it out of the log, as HAProxy's does.
        var isSilence: Bool { self == .closed || self == .timedOut }
    }

    /// Begins to wait for the client's first words.
    func awaitHandshake() {
        guard let bind = listener.security, let workspace = core.tls?.workspace,
            let channel = bind.acceptor.channel(on: descriptor, in: workspace)
        else { return refuseHandshake(.refused) }
        tls = channel
        core.figures.tls.clients += 1
        core.figures.tls.connections += 1
        core.figures.tls.rate.count(at: core.loop.now)
        setDeadline(after: frontend.timing.clientHandshake)
    }

    func shakeHands() {
        guard descriptor >= 0, isReadable || isWritable, let tls else { return }
        guard core.mayShakeHands() else { return core.schedule(self) }
        switch tls.handshake(mayHaveEnded: peerHasEnded) {
        case .waits: isReadable = false
        case .failed(let failure): refuseHandshake(HandshakeFault(failure))
        case .done:
            frontend.load.tls.count(isResumed: tls.isResumed)
            if !tls.isResumed { core.figures.tls.clientKeys.count(at: core.loop.now) }
            stage = .requests
            // The request may have come with the last of the handshake.
            isReadable = true
            enter()
            if stream == nil { serve() }
        }
    }

    func refuseHandshake(_ fault: HandshakeFault) {
        frontend.load.tls.failed += 1
        core.log(fault, of: self)
        close()
    }
}

extension ClientConnection.HandshakeFault {
    init(_ failure: HandshakeFailure) {
        switch failure {
        case .closed: self = .closed
        case .broken: self = .broken
        case .untrusted: self = .untrusted
        case .untrustedAuthority: self = .untrustedAuthority
        case .refused: self = .refused
        }
    }
}

extension ProxyCore {
    private static let handshakesAtOnce = 4

    /// Whether one more is worked at before the others have their turn.
    func mayShakeHands() -> Bool {
        if handshakeRound != loop.now {
            handshakeRound = loop.now
            handshakesInRound = 0
        }
        handshakesInRound += 1
        return handshakesInRound <= Self.handshakesAtOnce
    }
}
