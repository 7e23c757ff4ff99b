// Who runs this program, as far as the system tells: the user, whoever that was at login and before sudo, the terminal
// and the processes that stand behind it.

import Glibc
import Observing
import ReloadModel
import RuntimeAPI
import Unix

package struct Caller: Equatable, Sendable {
    private static let longestChain = 8

    package var uid: UInt32
    package var user: String?
    /// The user of the login session that this began in; nil where none is told.
    package var login: String?
    /// SUDO_USER
    package var sudo: String?
    /// SSH_CONNECTION
    package var ssh: String?
    package var terminal: String?
    /// The oldest first; this program last.
    package var chain: [ProcessLink]

    /// Looks at the system.
    package static func now(_ proc: ProcTree = ProcTree()) -> Caller {
        var names = AccountNames()
        let login = (try? File.readText("/proc/self/loginuid", limit: 64)).flatMap {
            UInt32($0.prefix { $0.isNumber })
        }
        var chain: [ProcessLink] = []
        var pid = getpid()
        while chain.count < longestChain, pid > 1, let stat = proc.stat(pid) {
            chain.insert(ProcessLink(pid: pid, name: stat.name), at: 0)
            pid = stat.parent
        }
        return Caller(
            uid: getuid(), user: names.name(of: getuid()),
            login: login.flatMap { $0 == .max ? nil : names.name(of: $0) ?? "\($0)" },
            sudo: ProcessControl.environment("SUDO_USER"), ssh: ProcessControl.environment("SSH_CONNECTION"),
            terminal: ttyname(STDIN_FILENO).map { String(cString: $0) }, chain: chain)
    }

    /// `sshd(812) → bash(900) → reloadtop(1200)`
    package var processes: String { chain.map { "\($0.name)(\($0.pid))" }.joined(separator: " → ") }

    /// As the author of a reload.
    var author: ReloadAuthor {
        ReloadAuthor(
            certainty: .seen, chain: chain, uid: uid, user: user,
            terminal: terminal.map { String($0.hasPrefix("/dev/") ? $0.dropFirst(5) : $0[...]) })
    }

    var members: [JSON.Member] {
        func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
        return [
            .init("uid", .integer(Int64(uid))), .init("user", text(user)), .init("login", text(login)),
            .init("sudo_user", text(sudo)), .init("ssh", text(ssh)),
            .init("pid", .integer(Int64(chain.last?.pid ?? 0))), .init("processes", .string(processes)),
            .init("terminal", text(terminal)),
        ]
    }
}
