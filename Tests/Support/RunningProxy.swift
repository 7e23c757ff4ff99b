// A master-worker proxy under test: HAProxy or mwproxy, started in the same way and asked the same questions.

import Demo
import Glibc
import Unix

/// Which proxy is tested.
package enum ProxyKind: String, CaseIterable, Sendable, CustomStringConvertible {
    case mwproxy
    case haproxy

    package var description: String { rawValue }

    /// Where its program is.
    package var program: String {
        get throws {
            switch self {
            case .mwproxy: try Program.ours("mwproxy")
            case .haproxy: try Program.system("haproxy")
            }
        }
    }

    /// For the global section where idle clients have to keep an old worker: ours gives them to the new one.
    package var keepsIdleClients: String { self == .mwproxy ? "tune.reload.migrate off" : "" }
}

/// A running master with its workers.
package final class RunningProxy {
    package let kind: ProxyKind
    package let folder: ScratchFolder
    package let program: RunningProgram
    package let configurationFile: String
    package var masterSocket: String { folder.file("master.sock") }
    /// The pid of the master.
    package var master: pid_t { program.pid }

    /// Starts a proxy with `-W` (or `flags`), `-S` and `-f`, and waits until its master socket answers.
    ///
    /// - Parameters:
    ///   - configuration: the text of the file; the folder is there for sockets and other files.
    ///   - path: the program, where it is not the usual one (a link of another name).
    ///   - prefix: a command to run it under, such as `taskset -c 0`.
    ///   - notify: where sd_notify messages go.
    ///   - meanwhile: runs again and again until then.
    package init(
        _ kind: ProxyKind, path: String? = nil, flags: [String] = ["-W"], in folder: ScratchFolder? = nil,
        prefix: [String] = [], notify: NotifySocket? = nil, environment: [String: String?] = [:],
        meanwhile: () throws -> Void = {},
        configuration: (ScratchFolder) throws -> String
    ) throws {
        let folder = try folder ?? ScratchFolder("proxy-")
        self.kind = kind
        self.folder = folder
        configurationFile = try folder.write("proxy.cfg", try configuration(folder))
        let command =
            prefix + [try path ?? kind.program] + flags
            + ["-S", folder.file("master.sock") + ",level,admin", "-f", configurationFile]
        program = try RunningProgram(
            command[0], Array(command.dropFirst()),
            environment: environment.merging(["NOTIFY_SOCKET": notify?.path]) { own, _ in own },
            in: folder, name: "proxy")
        do {
            try wait(for: "\(kind) to start") {
                try meanwhile()
                if !program.isRunning { throw ProgramError("\(kind) ended: \(program.errors)") }
                return try !serving().isEmpty
            }
        } catch let error as TimedOut {
            throw ProgramError("\(error): \(program.errors)")
        }
    }

    /// Asks the master; `@!PID` before the command asks a worker.
    package func ask(_ command: String) throws -> String {
        try AdminClient.ask(masterSocket, command)
    }

    /// A row of `show proc`.
    package struct Row: Equatable {
        package let pid: pid_t
        package let type: String
        /// `workers` or `old workers`; empty for the master.
        package let section: String
        package let line: String
    }

    /// The rows of `show proc`; empty while the master does not answer.
    package func processes() throws -> [Row] {
        guard let text = try? ask("show proc") else { return [] }
        var section = ""
        var rows: [Row] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            if line.hasPrefix("# ") { section = String(line.dropFirst(2)) }
            guard words.count >= 4, let pid = pid_t(words[0]) else { continue }
            rows.append(Row(pid: pid, type: String(words[1]), section: section, line: String(line)))
        }
        return rows
    }

    /// Workers that serve now, by their own word (`Stopping: 0`).
    package func serving() throws -> [pid_t] {
        try processes().filter { $0.type == "worker" }.map(\.pid).filter { pid in
            (try? ask("@!\(pid) show info"))?.contains("Stopping: 0") == true
        }
    }

    /// The children of the master, as the kernel knows them.
    package var children: [pid_t] {
        let text = (try? File.readText("/proc/\(master)/task/\(master)/children")) ?? ""
        return text.split(separator: " ").compactMap { pid_t($0) }
    }

    /// Replaces the configuration file.
    package func configure(_ text: String) throws {
        try File.write(configurationFile, text)
    }

    /// Sends SIGUSR2 and waits until a new worker serves.
    ///
    /// `meanwhile` runs again and again until then.
    package func reload(meanwhile: () throws -> Void = {}) throws {
        let before = Set(children)
        program.signal(SIGUSR2)
        do {
            try wait(for: "a new serving worker") {
                try meanwhile()
                return try serving().first.map { !before.contains($0) } ?? false
            }
        } catch let error as TimedOut {
            let now = try processes()
            throw ProgramError("\(error) beside \(before); processes: \(now); messages: \(program.errors)")
        }
    }
}
