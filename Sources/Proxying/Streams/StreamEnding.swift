// A stream's end: what becomes of both connections, the counters, and the line in the log.

import ConfigLanguage
import HTTP1
import Unix

extension Stream {
    /// The response has been sent completely.
    func responseDone() {
        let requestIsDone = request.isComplete && request.isFlushed && !hasUnsent && !isUploadBroken
        if !requestIsDone { keepsClient = false }
        finish(keepsServer: requestIsDone && serverKeepsOpen && !response.endsWithSource)
    }

    /// Ends an exchange in good order.
    @inline(__always)
    func finish(keepsServer: Bool) {
        guard phase != .ended, let client else { return }
        let keepsClient = keepsClient
        let unread = !request.isComplete || client.isReadable || client.hasHeld
        if keepsServer { keepOrDropConnection(client) }
        close()
        if keepsClient {
            client.awaitNextRequest()
        } else {
            client.finishAndClose(unreadInput: unread)
        }
    }

    /// Ends it as it stands; both connections close.
    func end(cause: Unicode.Scalar, moment: Unicode.Scalar) {
        guard phase != .ended else { return }
        if self.cause == UInt8(ascii: "-") {
            self.cause = UInt8(ascii: cause)
            self.moment = UInt8(ascii: moment)
        }
        if phase == .queued { removeFromQueue() }
        let client = client
        close()
        client?.stream = nil
        client?.close()
    }

    /// Lets go of server and queue before the proxy answers itself.
    func leaveServerSide() {
        if phase == .queued { removeFromQueue() }
        dropConnection()
        leaveServer()
    }

    /// The server's connection waits for its next request, where it can.
    private func keepOrDropConnection(_ client: ClientConnection) {
        guard let connection, let backend else { return }
        guard !hasSurplus, !connection.peerHasEnded, !connection.isReadable, connection.isWritable,
            backend.keepsServers, frontend.keepsServers
        else {
            connection.resetOnClose()
            return
        }
        let server = connection.server
        self.connection = nil
        connection.stream = nil
        server.usedConnections.fall()
        if server.ownsConnections {
            guard client.ownServer == nil, keepsClient else {
                connection.resetOnClose()
                connection.close()
                return
            }
            client.ownServer = connection
            core.loop.setDeadline(.never, of: connection)
        } else if server.pushIdle(connection) {
            connection.setDeadline(after: Server.idleNanoseconds)
        } else {
            connection.resetOnClose()
            connection.close()
        }
    }

    /// Another worker has both connections: it counts and logs the end.
    func depart() {
        let client = client
        close(tells: false)
        client?.stream = nil
        client?.close()
    }

    /// Gives everything back; counts and logs the end where it is one.
    private func close(tells: Bool = true) {
        phase = .ended
        migration = .none
        dropConnection()
        let relay = Relay(core: core)
        relay.release(&request)
        relay.release(&response)
        if let outgoing {
            self.outgoing = nil
            core.putBackBuffer(outgoing)
        }
        if tells { count() }
        if let client, !tracked.isEmpty || !stuck.isEmpty {
            tracked.release(now: client.core.tick)
            releaseStuck()
        }
        leaveServer()
        if let backend { backend.load.sessions.fall() }
        if tells && isLogged && !frontend.logs.isEmpty { core.log(self) }
        if serverTLS != nil { serverTLS = nil }
        backend = nil
        client = nil
        core.streamEnded(self, counts: tells)
    }

    private func count() {
        account()
        if frontend.isHTTP && status > 0 && isLogged {
            frontend.load.traffic.count(status: status)
            if hasResponse {
                backend?.load.traffic.count(status: status)
                server?.load.traffic.count(status: status)
            }
        }
        guard let backend, hasResponse || !frontend.isHTTP else { return }
        let now = core.loop.now
        let queue = Self.milliseconds(from: requestDone, to: assigned)
        let connect = Self.milliseconds(from: assigned, to: connected)
        let response = Self.milliseconds(from: connected, to: responded)
        let total = Self.milliseconds(from: began, to: now)
        backend.waits.times.add(queue, connect, response, total)
        server?.waits.times.add(queue, connect, response, total)
    }

    /// From where the log counts the wait for a server: in TCP mode all that comes before is part of it.
    func queueBegan(_ client: ClientConnection) -> Instant { frontend.isHTTP ? requestDone : client.accepted }

    /// Whole milliseconds; -1 where one end did not come.
    static func milliseconds(from start: Instant, to end: Instant) -> Int {
        if start == .never || end == .never { return -1 }
        return Int((end.nanoseconds - start.nanoseconds) / 1_000_000)
    }
}

extension TimeCounters {
    @inline(__always)
    mutating func add(_ queue: Int, _ connect: Int, _ response: Int, _ total: Int) {
        self.queue.add(max(0, queue))
        self.connect.add(max(0, connect))
        self.response.add(max(0, response))
        self.total.add(max(0, total))
    }
}
