// All admin sessions of one process, and the listeners that they come from.

import Polling
import RuntimeAPI
import Unix

package final class AdminServer {
    /// More sessions than this make room by ending the one that has been silent longest: with their relays they leave
    /// half of the descriptors to this process.
    private let mostSessions = min(1000, max(4, Descriptor.limit / 4))

    /// How long a new client may take to send its first command when the process would rather end.
    private static let greeting: Duration = .milliseconds(200)

    let loop: EventLoop
    let commands: CommandTable
    private var listeners: [AdminListener] = []
    private var live: [Int: AdminSession] = [:]
    private var accepted = 0
    /// Called when a session has ended and none is left.
    package var onLastSessionEnded: (() -> Void)?

    package init(on loop: EventLoop, commands: CommandTable) {
        self.loop = loop
        self.commands = commands
    }

    /// Connections since the start.
    package var sessionTotal: Int { accepted }
    package var sessionCount: Int { live.count }
    /// The sessions, oldest first.
    package var sessions: [AdminSession] { live.values.sorted { $0.number < $1.number } }

    /// Accepts connections on a listening socket until `stopListening`.
    package func listen(on listener: consuming Descriptor, settings: SessionSettings) throws(Errno) {
        listeners.append(try AdminListener(owning: listener, settings: settings, server: self))
    }

    /// As above, for a socket that somebody else owns and closes after `stopListening`.
    package func listen(onShared listener: Int32, settings: SessionSettings) throws(Errno) {
        listeners.append(try AdminListener(watching: listener, settings: settings, server: self))
    }

    /// Accepts no more; sessions go on. What is queued waits for whoever shares the sockets, but on `unshared` ones
    /// it is accepted first: nobody else would.
    package func stopListening(unshared: Set<Int32> = []) {
        for listener in listeners { listener.close(servesQueue: unshared.contains(listener.descriptor)) }
        listeners = []
    }

    /// Serves a connected client.
    @discardableResult
    package func adopt(
        _ connection: consuming Descriptor, settings: SessionSettings
    ) throws(Errno) -> AdminSession {
        try setNonBlocking(connection.raw)
        if live.count >= mostSessions { makeRoom() }
        accepted += 1
        let session = AdminSession(connection, number: accepted, settings: settings, server: self)
        try register(session)
        session.advance()
        return session
    }

    func register(_ session: AdminSession) throws(Errno) {
        guard let raw = session.descriptor?.raw else { return }
        try loop.add(session, descriptor: raw, interest: .edges)
        live[session.number] = session
    }

    func nextNumber() -> Int {
        accepted += 1
        return accepted
    }

    /// Ends the session that has been silent longest, for the sake of a new one.
    fileprivate func endSilent() -> Bool {
        let silent = live.values.filter(\.isIdle)
            .min { ($0.lastActivity, $0.number) < ($1.lastActivity, $1.number) }
        silent?.end()
        return silent != nil
    }

    private func makeRoom() {
        if !endSilent() { live.values.min { $0.number < $1.number }?.end() }
    }

    /// Ends the sessions that wait for a command: what keeps a process alive for nothing. Who has just connected
    /// has a moment to say what it came for.
    package func endIdle() {
        for session in sessions where session.isIdle {
            if !session.hasSpoken, loop.now < session.openedAt + Self.greeting {
                session.timeout = Self.greeting
            } else {
                session.end()
            }
        }
    }

    func sessionEnded(_ session: AdminSession) {
        live[session.number] = nil
        if live.isEmpty { onLastSessionEnded?() }
    }

    func sessionDetached(_ session: AdminSession) {
        live[session.number] = nil
    }
}

/// One listening socket.
final class AdminListener: Watcher {
    let descriptor: Int32
    private var owned: Descriptor?
    private let settings: SessionSettings
    private unowned let server: AdminServer
    private static let pauseSpan: Duration = .milliseconds(100)

    convenience init(
        owning descriptor: consuming Descriptor, settings: SessionSettings, server: AdminServer
    ) throws(Errno) {
        try self.init(watching: descriptor.raw, settings: settings, server: server)
        owned = consume descriptor
    }

    init(watching descriptor: Int32, settings: SessionSettings, server: AdminServer) throws(Errno) {
        self.descriptor = descriptor
        self.settings = settings
        self.server = server
        super.init()
        try setNonBlocking(descriptor)
        try watch()
    }

    private func watch() throws(Errno) {
        try server.loop.add(self, descriptor: descriptor, interest: .readable)
    }

    /// The pause is over.
    override func deadlineReached() {
        do throws(Errno) {
            try watch()
        } catch {
            pause()
        }
    }

    /// No descriptor is to be had: the loop would ask again and again.
    private func pause() {
        server.loop.remove(self)
        server.loop.setDeadline(server.loop.now + Self.pauseSpan, of: self)
    }

    override func ready(_ readiness: UInt32) {
        // A few at a time: other watchers have their turn, and the loop comes back.
        acceptQueued(most: 16)
    }

    private func acceptQueued(most: Int) {
        for _ in 0..<most {
            guard watched >= 0 else { return }
            do throws(Errno) {
                guard let connection = try Socket.accept(on: descriptor) else { return }
                try server.adopt(connection.take(), settings: settings)
            } catch  where error.isExhaustion {
                if !server.endSilent() { return pause() }
            } catch {
                // The client left before it was accepted: the loop asks again.
                return
            }
        }
    }

    func close(servesQueue: Bool) {
        if servesQueue { acceptQueued(most: .max) }
        server.loop.remove(self)
        owned = nil
    }
}
