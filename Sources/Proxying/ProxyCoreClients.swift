// The clients of a worker, and its budget: at a limit nobody is accepted, which is said once, until there is room.

import Glibc
import Polling
import Unix

extension ProxyCore {
    func accept(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        let now = loop.now
        let client = ClientConnection(core: self, listener: listener, descriptor: descriptor, peer: peer)
        do throws(Errno) {
            try loop.add(client, descriptor: descriptor, interest: .edges)
        } catch {
            close(descriptor)
            descriptorsExhausted(error)
            return
        }
        enlist(client)
        figures.connections += 1
        figures.connectionRate.count(at: now)
        figures.sessionRate.count(at: now)
        let frontend = listener.frontend
        frontend.load.traffic.connections += 1
        frontend.load.traffic.sessions += 1
        frontend.connectionRate.count(at: now)
        frontend.load.sessionRate.count(at: now)
        if frontend.rules.asksConnections && !client.passesConnectionRules() {
            client.close()
            return
        }
        client.enter()
    }

    /// One more is here, wherever it came from.
    @inline(__always)
    func enlist(_ client: ClientConnection) {
        client.index = clients.count
        clients.append(client)
        figures.clients.rise()
        client.listener.sessions.rise()
        client.frontend.load.sessions.rise()
    }

    func clientClosed(_ client: ClientConnection) {
        let last = clients.removeLast()
        if last !== client {
            clients[client.index] = last
            last.index = client.index
        }
        figures.clients.fall()
        client.listener.sessions.fall()
        client.frontend.load.sessions.fall()
        if !pausedListeners.isEmpty || fullAt != nil { noteLeaving() }
        if isStopping { drainedIfEmpty() }
    }

    /// A client went away before it asked for anything.
    func logUnused(_ client: ClientConnection, cause: ClientConnection.Refusal) {
        guard !client.frontend.settings.dontLogNull, !client.frontend.logs.isEmpty else { return }
        takeStream(for: client).refuse(cause, hadBytes: false)
    }

    // MARK: Budget

    /// Connections or buffers are at their limit.
    var isFull: Bool { clients.count >= mostClients || buffers.inUse >= maxconn * 4 }

    func notePaused(_ listener: Listener) {
        pausedListeners.append(listener)
        listener.frontend.state = .full
    }

    func noteResumed(_ listener: Listener) {
        pausedListeners.removeAll { $0 === listener }
        guard !isStopping, !listener.frontend.listeners.contains(where: \.isPaused) else { return }
        listener.frontend.state = .open
    }

    /// Somebody has left: listeners go on where there is room, and a limit is said again when it is met again
    /// after half of the clients had gone.
    private func noteLeaving() {
        for listener in pausedListeners { listener.resume() }
        guard let fullAt, clients.count * 2 <= fullAt else { return }
        self.fullAt = nil
    }

    /// Says once that a limit of the worker stops it from accepting.
    func noteFull() {
        guard fullAt == nil else { return }
        fullAt = clients.count
        report(
            .warning,
            "\(clients.count) connections of \(mostClients == maxconn ? "maxconn" : "what descriptors allow,") "
                + "\(mostClients): no more are accepted until some have ended")
    }

    /// No descriptor could be had, for a client or towards a server: nobody is accepted for a moment.
    func descriptorsExhausted(_ error: Errno) {
        for listener in listeners { listener.pause(retries: true) }
        guard fullAt == nil else { return }
        fullAt = clients.count
        report(
            .alert,
            "out of descriptors or memory (\(error.description)) at \(clients.count) connections: accepting pauses"
        )
    }
}
