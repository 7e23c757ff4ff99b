// A connection to a server: carries one stream, or waits in its server's pool for the next.

import Unix

/// An open or opening connection to a server.
final class ServerConnection: Connection {
    let server: Server
    var stream: Stream?
    /// The first bytes of a response whose head is not complete.
    var held: ByteBuffer?
    /// It has carried a request before: the server may close it at any moment.
    var isReused = false
    var isPooled = false

    init(core: ProxyCore, descriptor: Int32, server: Server) {
        self.server = server
        super.init(core: core, descriptor: descriptor)
    }

    override func ready(_ readiness: UInt32) {
        core.recycleStreams()
        note(readiness)
        if let stream {
            stream.serverReady(readiness)
        } else if readiness & 0x2019 != 0, !heardTickets() {
            // Nothing may come without a request: it has closed, or speaks out of turn.
            discardIdle()
        }
    }

    /// A server that speaks TLS may send tickets for later at any time: all that came was of that kind.
    private func heardTickets() -> Bool {
        guard tls != nil else { return false }
        let result = withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { read(into: $0) }
        return result == .wouldBlock && tls?.isStarved == false
    }

    override func resume() {
        guard descriptor >= 0 else { return }
        stream?.resume()
    }

    override func deadlineReached() {
        core.recycleStreams()
        if let stream {
            stream.serverDeadline()
        } else {
            discardIdle()
        }
    }

    /// Closes a connection without a stream, wherever it waits.
    private func discardIdle() {
        if isPooled {
            server.removeIdle(self)
        }
        close()
    }

    /// The exchange is complete, so nothing can be lost: as HAProxy, closing spares both sides the end's
    /// handshake, and this side a port in TIME_WAIT.
    func resetOnClose() {
        guard descriptor >= 0, !peerHasEnded else { return }
        Socket.setResetOnClose(descriptor)
    }

    func close() {
        guard descriptor >= 0 else { return }
        if let held {
            self.held = nil
            core.putBackBuffer(held)
        }
        stream = nil
        closeSocket()
    }
}
