// The commands of the master CLI, and where `@1`, `@!PID` and `@master` send others.

import AdminSocket
import Handover
import RuntimeAPI
import Unix

enum MasterCommands {
    static func table(for master: MasterProcess) -> CommandTable {
        CommandTable(
            [
                AdminCommand("show proc", help: "show processes status") { [unowned master] _ in
                    .text(ProcessTable(of: master.state, at: .now()).formatted(alwaysPrograms: true))
                },
                AdminCommand("show reloads [json]", help: "report every load attempt with its phases") {
                    [unowned master] _ in
                    .text(master.state.reloadLog.json + "\n")
                },
                AdminCommand("show startup-logs", help: "report logs emitted during the last load") {
                    [unowned master] _ in
                    .text(master.state.startupLogText)
                },
                AdminCommand("show version", help: "show version of the current process") { _ in
                    .text(Program.version + "\n")
                },
                AdminCommand("show cli sockets", help: "dump list of cli sockets") {
                    [unowned master] _ in
                    .text(sockets(of: master))
                },
                AdminCommand("reload", help: "achieve a soft-reload of the proxy", level: .admin) {
                    [unowned master] request in
                    .later { reply in master.reload(for: request.session, reply: reply) }
                },
                AdminCommand(unlisted: "hard-reload", level: .admin) { _ in
                    .text("mwproxy has no hard-reload: use 'reload', which cuts nobody.\n")
                },
            ],
            extraHelp: [
                HelpLine(
                    usage: "@<relative pid>",
                    text: "send a command to the <relative pid> process"),
                HelpLine(usage: "@!<pid>", text: "send a command to the <pid> process"),
                HelpLine(usage: "@master", text: "send a command to the master process"),
            ],
            route: { [unowned master] in route($0, master) })
    }

    private static func sockets(of master: MasterProcess) -> String {
        master.cliSockets.reduce(into: "# socket lvl processes\n") { text, socket in
            let name =
                switch socket.address {
                case .unix(let path): path
                case .abstract, .ipv4, .ipv6: socket.address.description
                }
            text += "\(name) \(socket.level.name) master\n"
        }
    }

    // MARK: Other processes

    /// Takes commands with a prefix, and those of a session that has chosen a process.
    private static func route(_ request: AdminRequest, _ master: MasterProcess) -> AdminReply? {
        let session = request.session
        let text = request.text.drop { $0 == " " }
        guard text.hasPrefix("@") else {
            guard let target = session.target, !isLocal(request.words) else { return nil }
            return relay(request.script, to: target, session, master)
        }
        let prefix = String(text.prefix { $0 != " " })
        let command = text.dropFirst(prefix.count).drop { $0 == " " }
        if isMaster(prefix) {
            if command.isEmpty {
                session.target = nil
                session.promptName = nil
                return .nothing
            }
            do throws(Errno) {
                let connection = try master.connectToItself(level: session.level)
                return .relay(AdminUpstream(owning: connection, request: script(command, of: request)))
            } catch {
                return unreachable(prefix, error)
            }
        }
        guard let pid = pid(of: prefix, master) else { return .farewell(Refusal.noTarget(prefix: prefix)) }
        if command.isEmpty {
            session.target = "@!\(pid)"
            session.promptName = String(pid)
            return .nothing
        }
        return relay(script(command, of: request), to: prefix, session, master)
    }

    private static func isMaster(_ prefix: String) -> Bool { prefix == "@master" || prefix == "@0" }

    /// What concerns the session itself is answered here, whichever process it has chosen.
    private static func isLocal(_ words: [String]) -> Bool {
        words.first == "quit" || words.first == "prompt"
    }

    /// `command` with the payload of `request`, as a client would type it.
    private static func script(_ command: Substring, of request: AdminRequest) -> String {
        command + (request.payload.map { " <<\n\($0)\n" } ?? "\n")
    }

    private static func pid(of prefix: String, _ master: MasterProcess) -> Int32? {
        if prefix == "@1" { return master.state.serving?.pid }
        guard prefix.hasPrefix("@!"), let pid = Int32(prefix.dropFirst(2)) else { return nil }
        return master.state.workers.contains { $0.pid == pid } ? pid : nil
    }

    private static func relay(
        _ script: String, to prefix: String, _ session: AdminSession, _ master: MasterProcess
    ) -> AdminReply {
        do throws(Errno) {
            guard let pid = pid(of: prefix, master),
                let connection = try master.connect(to: pid, level: session.level)
            else { return .farewell(Refusal.noTarget(prefix: prefix)) }
            return .relay(AdminUpstream(owning: connection, request: script))
        } catch {
            return unreachable(prefix, error)
        }
    }

    private static func unreachable(_ prefix: String, _ error: Errno) -> AdminReply {
        .farewell("Cannot reach \(prefix): \(error)\n")
    }
}

extension ProcessTable {
    /// `show proc` of a master.
    init(of master: MasterState, at now: Instant) {
        func uptime(since start: Instant) -> Int { Int((now - start).milliseconds / 1000) }
        var rows = [
            Row(
                pid: master.pid, kind: .master, section: .master, relativePID: .number(0),
                reloads: master.reloads, failed: master.failed,
                uptime: uptime(since: master.startedAt), version: master.version)
        ]
        for worker in master.workers.reversed() {
            let section: Section
            switch worker.phase {
            case .serving: section = .workers
            case .draining: section = .oldWorkers
            // Nobody is served by these: they are in no list until they are.
            case .loading, .failed: continue
            }
            rows.append(
                Row(
                    pid: worker.pid, kind: .worker, section: section,
                    relativePID: section == .workers ? .number(1) : .was(1),
                    reloads: worker.reloads(of: master), uptime: uptime(since: worker.startedAt),
                    version: worker.version))
        }
        self.init(rows: rows)
    }
}
