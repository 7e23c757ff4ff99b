// Connections that outlive their worker: what a core gives to its successor, and what it takes from older workers. It
// takes only what it would admit today.

import Glibc
import Migration
import RuntimeAPI
import Unix

extension ProxyCore {
    /// A successor serves: what can move goes over `socket` to it, now and for as long as this worker drains.
    package func giveConnections(over socket: consuming Descriptor) {
        departures.begin(over: socket)
    }

    /// A successor serves that takes nothing, or that cannot be reached: everything drains here.
    package func keepConnections(for reason: StayReason = .off) { departures.stay(for: reason) }

    /// Connections of an older worker arrive over `socket`.
    package func takeConnections(from socket: consuming Descriptor) {
        do throws(Errno) {
            let opened = try Arrivals(core: self, from: socket)
            if opened.isOpen { arrivals.append(opened) }
        } catch {
            report(.warning, "connections of an older worker cannot move here: \(error.description)")
        }
    }

    /// What has moved from here since a successor serves, and why others have not.
    package var moves: DrainMoves { departures.summary }

    // MARK: Taking

    /// A client between two requests; its descriptor is closed unless it is taken.
    func adopt(_ moving: MovingClient, _ descriptor: Int32) -> (MoveAnswer, ClientConnection?) {
        let socket = Descriptor(owning: descriptor)
        guard configuration.global.migration != .off else { return (.stays(.off), nil) }
        guard let listener = listener(of: moving.listener) else { return (.stays(.listenerGone), nil) }
        // Where HTTP was spoken already, a frontend of mode TCP has no use for it.
        guard listener.frontend.isHTTP || moving.awaitsHeader else { return (.refused, nil) }
        // It has spoken plainly so far.
        guard listener.security == nil || moving.awaitsHeader else { return (.stays(.frontendChanged), nil) }
        if let reason = reasonToStay(listener) { return (.stays(reason), nil) }
        guard let client = enlist(moving, socket, on: listener) else { return (.stays(.noDescriptors), nil) }
        guard client.isAdmitted() else { return (.refused, nil) }
        return (.taken, client)
    }

    /// An established stream with its two descriptors, which are closed unless it is taken.
    func adopt(
        _ moving: MovingTunnel, client: Int32, server: Int32
    ) -> (MoveAnswer, ClientConnection?) {
        let clientSocket = Descriptor(owning: client)
        let serverSocket = Descriptor(owning: server)
        guard configuration.global.migration == .tunnels else { return (.stays(.tunnelsNotAsked), nil) }
        guard let listener = listener(of: moving.client.listener) else {
            return (.stays(.listenerGone), nil)
        }
        let frontend = listener.frontend
        guard frontend.name == moving.frontend, frontend.isHTTP == moving.isHTTP,
            listener.security == nil
        else {
            return (.stays(.frontendChanged), nil)
        }
        guard let backend = backendsByName[moving.backend],
            let place = backend.servers.first(where: { $0.name == moving.server }),
            place.address == moving.serverAddress, place.connector == nil
        else { return (.stays(.serverGone), nil) }
        if let reason = reasonToStay(listener) { return (.stays(reason), nil) }
        guard place.hasRoom else { return (.stays(.full), nil) }
        let connection = ServerConnection(core: self, descriptor: serverSocket.release(), server: place)
        guard connection.watchAgain(until: .never) else {
            connection.close()
            return (.stays(.noDescriptors), nil)
        }
        guard let client = enlist(moving.client, clientSocket, on: listener) else {
            loop.remove(connection)
            connection.close()
            return (.stays(.noDescriptors), nil)
        }
        guard client.isAdmitted() else {
            connection.close()
            return (.refused, nil)
        }
        client.isFirstRequest = false
        takeStream(for: client).resume(moving, connection, backend)
        return (.taken, client)
    }

    private func listener(of key: String) -> Listener? { listeners.first { $0.socket.key == key } }

    private func reasonToStay(_ listener: Listener) -> StayReason? {
        if isStopping { return .leaving }
        return isFull || listener.isFull ? .full : nil
    }

    /// Nil: it cannot be watched.
    private func enlist(
        _ moving: MovingClient, _ socket: consuming Descriptor, on listener: Listener
    ) -> ClientConnection? {
        let client = ClientConnection(
            core: self, listener: listener, descriptor: socket.release(), peer: moving.peer,
            accepted: moving.accepted)
        guard client.watchAgain(until: .never) else {
            client.closeSocket()
            return nil
        }
        enlist(client)
        client.resume(moving)
        return client
    }
}

extension ClientConnection {
    /// Whether this configuration's rules about connections would admit it; closed and counted if not. They were
    /// asked already when it came: what they track or set is not done a second time.
    func isAdmitted() -> Bool {
        if !admits(frontend.rules.connection) {
            frontend.load.traffic.deniedConnections += 1
        } else if stage != .announced && !admits(frontend.rules.session) {
            frontend.load.traffic.deniedSessions += 1
        } else {
            return true
        }
        close()
        return false
    }

    private func admits(_ rules: borrowing RuleList) -> Bool {
        if rules.isEmpty { return true }
        let scene = Scene(core: core, client: self, stream: nil)
        core.show(.none, UnsafeRawBufferPointer(start: nil, count: 0))
        var admits = true
        rules.forEach { _, rule in
            switch rule.action {
            case .accept: return !rule.holds(in: scene)
            case .reject:
                admits = !rule.holds(in: scene)
                return admits
            default: return true
            }
        }
        return admits
    }
}
