// Servers that come and go: what checks and the admin change, the lines that tell of it, and what follows.

import ConfigLanguage
import Unix

extension ProxyCore {
    /// Sets a server's weight, 0…256.
    package func setWeight(_ weight: Int, of server: Server) {
        server.weight = weight
        noteBackend(server.backend)
        serveQueue(of: server.backend)
    }

    /// `disable server`: no new streams; running ones go on.
    package func disable(_ server: Server) {
        guard !server.inMaintenance else { return }
        let wasRunning = server.isRunning
        server.inMaintenance = true
        if wasRunning {
            leave(server)
            tell(
                server, .warning, level: 5,
                "Server \(server.fullName) is going DOWN for maintenance. \(remaining(server.backend))")
        }
        noteBackend(server.backend)
    }

    /// `enable server`.
    package func enable(_ server: Server) {
        guard server.inMaintenance else { return }
        server.inMaintenance = false
        if server.address != nil {
            server.isUp = true
            server.check.restore()
        }
        returned(server)
        tell(
            server, .warning, level: 5,
            "Server \(server.fullName) is \(server.options.check ? "UP" : "UP/READY") "
                + "(leaving forced maintenance).")
        noteBackend(server.backend)
        serveQueue(of: server.backend)
    }

    /// Gives a server the state that it had in the process before this one, before anything is served.
    package func restore(_ server: Server, _ memory: ServerMemory) {
        if let weight = memory.weight { server.weight = weight }
        server.lastChange = loop.now.advanced(byNanoseconds: -memory.sinceChange.nanoseconds)
        let wasRunning = server.isRunning
        if memory.isInMaintenance { server.inMaintenance = true }
        // Nobody would ever find a server up again that is not checked.
        if server.options.check {
            server.isUp = memory.isUp && server.address != nil
            server.check.restore(isUp: server.isUp, number: memory.checkNumber)
        }
        if wasRunning && !server.isRunning {
            tell(
                server, .warning, level: 1,
                "Server \(server.fullName) is DOWN, changed from server-state after a reload. "
                    + remaining(server.backend))
        }
        noteBackend(server.backend)
    }

    /// A check has ended.
    func checked(_ server: Server, _ change: CheckState.Change) {
        if server.check.isNews && server.backend.settings.check.areLogged {
            let kind = server.isBackup ? "backup server" : "server"
            let end = server.check.result?.passed == true ? "succeeded" : "failed"
            tell(
                server, .warning, level: 5,
                "Health check for \(kind) \(server.fullName) \(end), \(server.checkWords), "
                    + "status: \(server.check.words).")
        }
        switch change {
        case .none: return
        case .down:
            server.isUp = false
            leave(server)
            tell(
                server, .warning, level: 1,
                "Server \(server.fullName) is DOWN, \(server.checkWords). \(remaining(server.backend))")
            noteBackend(server.backend)
        case .up:
            server.isUp = true
            returned(server)
            announceUp(server, ", \(server.checkWords). \(online(server.backend))")
            noteBackend(server.backend)
            serveQueue(of: server.backend)
        }
    }

    private func leave(_ server: Server) {
        server.endSlowStart()
        server.lastChange = loop.now
        server.closeIdle()
    }

    private func returned(_ server: Server) {
        server.downBefore = server.downBefore + (loop.now - server.lastChange)
        server.lastChange = loop.now
        startSlowly(server)
    }

    /// `Server be/s1 is UP` and what there is to say of it.
    func announceUp(_ server: Server, _ words: String) {
        tell(server, .warning, level: 5, "Server \(server.fullName) is UP\(words)")
    }

    func online(_ backend: Backend) -> String {
        "\(backend.activeServers) active and \(backend.backupServers) backup servers online.\(backend.backupWords) "
            + "0 sessions requeued, \(backend.waits.queued.current) total in queue."
    }

    private func remaining(_ backend: Backend) -> String {
        "\(backend.activeServers) active and \(backend.backupServers) backup servers left.\(backend.backupWords) "
            + "\(backend.load.sessions.current) sessions active, 0 requeued, \(backend.waits.queued.current) remaining in queue."
    }

    /// A backend is down with its last server.
    private func noteBackend(_ backend: Backend) {
        let isUp = backend.activeServers + backend.backupServers > 0
        guard isUp != backend.isUp else { return }
        if isUp { backend.downBefore = backend.downBefore + (loop.now - backend.lastChange) }
        backend.isUp = isUp
        backend.lastChange = loop.now
        guard !isUp else { return }
        backend.timesDown += 1
        report(.alert, "backend '\(backend.name)' has no server available!")
        send("backend \(backend.name) has no server available!", level: 0, to: backend.logs)
    }

    private func tell(_ server: Server, _ severity: ReportSeverity, level: Int, _ text: String) {
        report(severity, text)
        send(text, level: level, to: server.backend.logs)
    }
}

/// What is known of a server from the process before this one.
package struct ServerMemory: Sendable {
    /// An admin had disabled it.
    package var isInMaintenance: Bool
    package var isUp: Bool
    /// Nil: what the configuration says.
    package var weight: Int?
    /// How long it has been as it was.
    package var sinceChange: Duration
    /// The last check's result, by its number in `show servers state`.
    package var checkNumber: Int

    package init(isInMaintenance: Bool, isUp: Bool, weight: Int?, sinceChange: Duration, checkNumber: Int) {
        self.isInMaintenance = isInMaintenance
        self.isUp = isUp
        self.weight = weight
        self.sinceChange = sinceChange
        self.checkNumber = checkNumber
    }
}

extension Server {
    /// `backend/server`
    package var fullName: String { "\(backend.name)/\(name)" }

    /// `reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms`
    fileprivate var checkWords: String {
        guard let result = check.result else { return "reason: unknown" }
        let code = result.status.map { ", code: \($0)" } ?? ""
        let info = result.detail.isEmpty ? "" : ", info: \"\(result.detail)\""
        return "reason: \(result.description)\(code)\(info), check duration: \(check.durationMilliseconds)ms"
    }
}

extension CheckState {
    /// `2/3 DOWN`: how far it is from the other side.
    fileprivate var words: String {
        health >= rise ? "\(health - rise + 1)/\(fall) UP" : "\(health)/\(rise) DOWN"
    }
}

extension Backend {
    fileprivate var backupWords: String {
        activeServers == 0 && backupServers > 0 ? " Running on backup." : ""
    }
}
