// A stream's way to a server: choosing, queueing, connecting, retrying, redispatching, and sending the request.

import ConfigLanguage
import ProxyProtocol
import Unix

extension Stream {
    /// HAProxy waits this long before it tries the same server again.
    private static let turnaroundNanoseconds: Int64 = 1_000_000_000

    /// Some of the request lies in our buffer and was not sent.
    @inline(__always)
    var hasUnsent: Bool {
        guard let outgoing else { return false }
        return sent < outgoing.count
    }

    /// Finds a server, or waits for one.
    func assign(_ backend: Backend, _ client: ClientConnection, excluding excluded: Server? = nil) {
        if let preferred, preferred !== excluded, preferred.isUsable, preferred.hasRoom {
            attach(preferred, backend)
            connect(preferred, backend, client)
            return
        }
        switch backend.choose(excluding: excluded) {
        case .server(let server):
            attach(server, backend)
            connect(server, backend, client)
        case .full:
            phase = .queued
            backendQueuePosition = backend.waits.queued.current
            backend.waiting.append(self)
            backend.waits.queued.rise()
            client.setDeadline(after: backend.timing.queue)
        case .none:
            backend.load.traffic.connectionErrors += 1
            fail(status: 503, cause: "S", moment: "C")
        }
    }

    /// Takes a place at a server.
    private func attach(_ server: Server, _ backend: Backend) {
        self.server = server
        loggedServer = server
        let now = core.loop.now
        if assigned == .never { assigned = now }
        server.load.sessions.rise()
        server.load.traffic.sessions += 1
        server.load.traffic.chosen += 1
        backend.load.traffic.chosen += 1
        server.load.sessionRate.count(at: now)
        server.lastSession = now
        if !stuck.isEmpty { noteStuck(to: server) }
        if frontend.isHTTP {
            server.load.traffic.requests += 1
            server.load.requestRate.count(at: now)
        }
    }

    /// A place has become free while this stream waited.
    func leaveQueue(for server: Server) {
        guard let backend, let client else { return }
        backend.waits.queued.fall()
        attach(server, backend)
        connect(server, backend, client)
    }

    func queueTimedOut() {
        guard let backend else { return }
        removeFromQueue()
        backend.load.traffic.connectionErrors += 1
        fail(status: 503, cause: "s", moment: "Q")
    }

    func removeFromQueue() {
        guard let backend, let place = backend.waiting.firstIndex(where: { $0 === self }) else { return }
        backend.waiting.remove(at: place)
        backend.waits.queued.fall()
    }

    // MARK: Connecting

    /// The same server once more.
    func reconnect() {
        guard let server, let backend, let client else { return }
        connect(server, backend, client)
    }

    /// Takes an idle connection of the chosen server, or opens one.
    private func connect(_ server: Server, _ backend: Backend, _ client: ClientConnection) {
        core.loop.setDeadline(.never, of: client)
        if frontend.isHTTP, let connection = reusable(server, backend, client) {
            connection.isReused = true
            server.load.traffic.reuses += 1
            take(connection)
            connected = core.loop.now
            phase = .exchange
            flushOutgoing()
            if phase == .exchange { setExchangeDeadlines(client, connection, backend) }
            return
        }
        guard let address = server.destination(from: localAddress) else {
            connectionFailed(timedOut: false)
            return
        }
        let connection: ServerConnection
        do throws(Errno) {
            let socket = try Socket.stream(for: address)
            switch address {
            case .ipv4, .ipv6: Socket.setNoDelay(socket.raw)
            case .unix, .abstract: break
            }
            let isConnected = try Socket.connect(socket.raw, to: address)
            connection = ServerConnection(core: core, descriptor: socket.release(), server: server)
            connection.isWritable = isConnected
            do throws(Errno) {
                try core.loop.add(connection, descriptor: connection.descriptor, interest: .edges)
            } catch {
                connection.closeSocket()
                throw error
            }
        } catch {
            if error.isExhaustion { core.descriptorsExhausted(error) }
            connectionFailed(timedOut: false)
            return
        }
        server.load.traffic.connects += 1
        backend.load.traffic.connects += 1
        take(connection)
        phase = .connecting
        if !connection.isWritable || server.connector != nil {
            connection.setDeadline(after: backend.timing.connect)
        }
        if connection.isWritable { connectionStands() }
    }

    private func take(_ connection: ServerConnection) {
        self.connection = connection
        serverTLS = connection.tls
        connection.stream = self
        connection.server.usedConnections.rise()
    }

    private func reusable(
        _ server: Server, _ backend: Backend, _ client: ClientConnection
    ) -> ServerConnection? {
        // A retry goes over a connection that nobody else may have seen the end of.
        if retriesDone > 0 || wasStale { return nil }
        if server.ownsConnections {
            guard let own = client.ownServer else { return nil }
            client.ownServer = nil
            // The server may have closed it meanwhile.
            guard own.server === server, own.descriptor >= 0,
                server.sni == nil || own.tls?.requestedName == requestedName(of: server)
            else {
                own.close()
                return nil
            }
            return own
        }
        let name = requestedName(of: server)
        switch backend.settings.httpReuse {
        case .never: return nil
        case .safe: return isFirstRequest ? nil : server.popIdle(named: name)
        case .aggressive:
            if isFirstRequest, server.idle.last?.isReused != true { return nil }
            return server.popIdle(named: name)
        case .always: return server.popIdle(named: name)
        }
    }

    func connectionReady(_ readiness: UInt32) {
        guard let connection else { return }
        if readiness & 0x8 != 0 {
            connectionFailed(timedOut: false)
        } else if connection.isWritable {
            if connection.tls == nil { connectionStands() } else { secureConnection(connection) }
            if phase == .exchange && (connection.isReadable || !request.isComplete) { advance() }
        }
    }

    private func connectionStands() {
        if let connection, let version = connection.server.announcement {
            guard announce(version, on: connection) else { return connectionFailed(timedOut: false) }
        }
        if let connection, connection.server.connector != nil { return secureConnection(connection) }
        connectionServes()
    }

    /// A step of the handshake with the server, and on when it is done.
    private func secureConnection(_ connection: ServerConnection) {
        switch secure(connection) {
        case .waits: break
        case .failed: connectionFailed(timedOut: false)
        case .done: connectionServes()
        }
    }

    private func connectionServes() {
        connected = core.loop.now
        if frontend.isHTTP {
            phase = .exchange
            sendRequest()
        } else {
            phase = .tunnel
            client?.isReadable = true
            advance()
        }
    }

    /// Tells the server whom the connection is for; false: it takes nothing.
    private func announce(_ version: ProxyHeaderVersion, on connection: ServerConnection) -> Bool {
        guard let client else { return false }
        let header = ProxyHeader.forwarded(source: client.peer, destination: client.localAddress)
        return header.bytes(version).withUnsafeBytes { bytes in
            // Where a request follows at once, both leave together.
            connection.write(bytes, more: frontend.isHTTP) == .moved(bytes.count)
        }
    }

    /// The connection could not be had: again, elsewhere, or give up.
    func connectionFailed(timedOut: Bool) {
        guard let backend, let server, let client else { return }
        dropConnection()
        guard retriesLeft > 0 else {
            backend.load.traffic.connectionErrors += 1
            server.load.traffic.connectionErrors += 1
            fail(status: 503, cause: timedOut ? "s" : "S", moment: "C")
            return
        }
        retriesLeft -= 1
        retriesDone += 1
        let canMove = backend.settings.redispatch && (retriesLeft == 0 || !server.isUsable)
        if canMove && backend.servers.contains(where: { $0 !== server && $0.isUsable }) {
            wasRedispatched = true
            backend.load.traffic.redispatches += 1
            server.load.traffic.redispatches += 1
            leaveServer()
            assign(backend, client, excluding: server)
            return
        }
        backend.load.traffic.retries += 1
        server.load.traffic.retries += 1
        phase = .turnaround
        client.setDeadline(after: min(Self.turnaroundNanoseconds, backend.timing.connect))
    }

    /// Closes the server's connection, whatever it carried.
    func dropConnection() {
        guard let connection else { return }
        self.connection = nil
        connection.server.usedConnections.fall()
        connection.close()
    }

    /// Gives the place at the server back, and lets the next waiting stream have it.
    func leaveServer() {
        guard let server else { return }
        account()
        self.server = nil
        server.load.sessions.fall()
        core.serverHasRoom(server)
    }

    // MARK: Sending

    /// Sends the head and what came of the body.
    @inline(__always)
    func sendRequest() {
        flushOutgoing()
        if phase == .exchange, let client, let connection, let backend {
            setExchangeDeadlines(client, connection, backend)
        }
    }

    /// False: the server takes no more now, or is gone.
    @discardableResult
    func flushOutgoing() -> Bool {
        guard let connection, let outgoing else { return true }
        let count = outgoing.count
        while sent < count {
            guard connection.isWritable else { return false }
            switch connection.write(UnsafeRawBufferPointer(rebasing: outgoing.bytes[sent...])) {
            case .moved(let moved): sent += moved
            case .wouldBlock, .ended:
                connection.isWritable = false
                // Whole records may have left already.
                if connection.tls?.isMidway == true && !method.isIdempotent { isResendable = false }
                return false
            case .failed:
                breakUpload(connection)
                return false
            }
        }
        return true
    }

    /// The server reads no more. It may have answered before it closed, so its side is read to the end.
    private func breakUpload(_ connection: ServerConnection) {
        request.endSource()
        Relay(core: core).release(&request)
        sent = outgoing?.count ?? 0
        isUploadBroken = true
        connection.isReadable = true
        core.schedule(connection)
    }

    /// Moves the rest of the request's body.
    func pumpRequest() {
        guard phase == .exchange, let client, let connection else { return }
        if hasUnsent && !flushOutgoing() { return }
        if request.isComplete && request.isFlushed { return }
        guard client.isReadable || !request.isFlushed else { return }
        // From here on it could not be sent again as a whole.
        isResendable = false
        let stop = Relay(core: core).move(&request, from: client, to: connection, bytes: &bytesIn) {
            client.hold($0)
        }
        switch stop {
        case .complete, .sourceBlocked, .sinkBlocked: break
        case .yielded: core.schedule(client)
        case .sourceEnded, .sourceFailed:
            frontend.load.traffic.clientAborts += 1
            backend?.load.traffic.clientAborts += 1
            if hasResponse {
                end(cause: "C", moment: "D")
            } else {
                fail(status: 400, cause: "C", moment: "D")
            }
        case .sinkFailed:
            breakUpload(connection)
        case .invalid:
            captureRequest()
            frontend.load.traffic.requestErrors += 1
            if hasResponse {
                end(cause: "P", moment: "D")
            } else {
                fail(status: 400, cause: "P", moment: "D")
            }
        }
    }

    /// The server closed, or broke, before it answered.
    func serverLost() {
        guard let connection, let backend, let server else { return }
        let mayRepeat = isResendable && (method.isIdempotent || sent == 0)
        if connection.isReused && mayRepeat {
            // An idle connection that the server closed just then: nobody's fault, a new one serves.
            dropConnection()
            wasStale = true
            sent = 0
            reconnect()
            return
        }
        backend.load.traffic.responseErrors += 1
        server.load.traffic.responseErrors += 1
        countServerAbort()
        fail(status: 502, cause: "S", moment: "H")
    }
}
