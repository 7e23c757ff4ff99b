// A worker's admin sockets: the commands of `help`, over the data plane's counters and lists.

import AdminSocket
import ConfigLanguage
import Handover
import Peering
import Polling
import Proxying
import RuntimeAPI
import Unix

/// What a worker is called and where it stands, for `show info` and `show version`.
package struct WorkerIdentity: Sendable {
    /// `mwproxy`
    package var name: String
    package var version: String
    /// `2026/11/22`
    package var releaseDate: String
    /// `Process_num`: 1 for the first worker, one more for each reload that succeeded.
    package var processNumber: Int
    /// Whether a master holds the other end of this worker's control socket.
    package var hasMaster: Bool

    package init(
        name: String, version: String, releaseDate: String, processNumber: Int, hasMaster: Bool
    ) {
        self.name = name
        self.version = version
        self.releaseDate = releaseDate
        self.processNumber = processNumber
        self.hasMaster = hasMaster
    }
}

/// The admin side of one worker.
package final class WorkerAdmin {
    /// The sessions; the owner may end those that keep a draining worker alive.
    package let server: AdminServer
    private let core: ProxyCore
    private let giving: SocketGiving

    /// `startupLog`: what the load of this worker has printed, for `show startup-logs`.
    package init(
        core: ProxyCore, identity: WorkerIdentity, peering: Peering? = nil,
        startupLog: @escaping () -> String = { "" }
    ) {
        self.core = core
        giving = SocketGiving(core: core)
        let sessions = SessionsOfServer()
        let info = InfoFigures(core: core, identity: identity, adminServer: sessions)
        let commands =
            ProcessCommands(core: core, identity: identity, info: info, startupLog: startupLog).table
            + StatCommands(core: core, processNumber: identity.processNumber).table
            + SessionCommands(core: core, adminServer: sessions).table
            + ServerCommands(core: core).table
            + TableCommands(core: core).table
            + PeerCommands(core: core, peering: peering).table
            + PatternCommands(core: core).table
            + CertificateCommands(tls: core.tls).table
            + TicketKeyCommands(tls: core.tls).table + giving.table
        server = AdminServer(on: core.loop, commands: CommandTable(commands))
        sessions.server = server
    }

    /// Accepts on the admin sockets of the configuration.
    package func start() throws(Errno) {
        for (socket, settings) in core.adminSockets { try listen(on: socket, settings) }
    }

    private func listen(on socket: ListeningSocket, _ settings: StatsSocket) throws(Errno) {
        guard socket.descriptor >= 0, !socket.isPaused else { return }
        var sessions = sessions(level: CommandLevel(rawValue: settings.level.rawValue))
        sessions.exposesListeners = settings.exposesListeners
        try server.listen(onShared: socket.descriptor, settings: sessions)
    }

    /// The ports of admin sockets are free for another process until `resumeListening`; paths stay.
    package func pauseListening() {
        server.stopListening()
        for (socket, settings) in core.adminSockets {
            do throws(Errno) {
                if !socket.pause() { try listen(on: socket, settings) }
            } catch {
                core.report(.alert, "Admin socket \(socket.address) cannot be watched: \(error)")
            }
        }
    }

    /// Listens again after `pauseListening`, on each that can; the others stay paused until the next call.
    package func resumeListening() {
        server.stopListening()
        for (socket, settings) in core.adminSockets {
            do throws(Errno) {
                try socket.resume()
                try listen(on: socket, settings)
            } catch {
                core.report(.alert, "Failed to resume admin socket \(socket.address): \(error)")
            }
        }
    }

    /// Serves a connection that the master has passed.
    package func adopt(_ connection: consuming Descriptor, level: AdminLevel) throws(Errno) {
        try server.adopt(connection, settings: sessions(level: CommandLevel(rawValue: Int(level.rawValue))))
    }

    /// Accepts no more and closes the sockets; sessions go on (`server.endIdle` ends those that keep a draining
    /// worker for nothing). `removed`: keys of sockets that no successor serves, whose queue is served first.
    package func stopListening(removed: Set<String> = []) {
        let unshared = core.adminSockets.map(\.socket).filter { removed.contains($0.key) }.map(\.descriptor)
        server.stopListening(unshared: Set(unshared))
        for (socket, _) in core.adminSockets { socket.close() }
    }

    /// The configuration's timeout holds for relayed sessions too: a client of the master that reads nothing does
    /// not keep an old worker.
    private func sessions(level: CommandLevel?) -> SessionSettings {
        SessionSettings(
            style: .worker, level: level ?? .user, timeout: core.configuration.global.statsTimeout)
    }
}

/// The sessions that commands tell about, which exist only after the commands.
final class SessionsOfServer {
    weak var server: AdminServer?

    var count: Int { server?.sessionCount ?? 0 }
    var total: Int { server?.sessionTotal ?? 0 }
    var all: [AdminSession] { server?.sessions ?? [] }
}
