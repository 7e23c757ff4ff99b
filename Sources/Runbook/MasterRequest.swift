// Asks a master for one thing: over its admin socket, or by a signal where it has none. Whoever is meant is looked at
// again just before: a pid may belong to somebody else by now.

import Glibc
import Observing
import ReloadModel
import Unix

/// One request under way: `proceed` until there is an answer.
package final class MasterRequest {
    /// The longest that the master may take to answer; a load is given up by itself before.
    package static let longestAnswer = Duration.seconds(60)

    package enum Answer: Equatable, Sendable {
        /// What the master said; HAProxy before 2.7 says nothing to a reload.
        case lines([String])
        /// `SIGUSR2 sent to 4711`
        case signalled(String)
        /// Nothing was done, and why.
        case refused(String)
        /// All of the question was sent, and the session ended without an answer.
        case cut(Errno)
        case late
    }

    private let intervention: Intervention
    private let master: RunningMaster
    private let proc: ProcTree
    private var exchange: AdminExchange?
    private var answer: Answer?
    package let deadline = Instant.now() + longestAnswer

    package init(_ intervention: Intervention, on master: RunningMaster, proc: ProcTree) {
        self.intervention = intervention
        self.master = master
        self.proc = proc
    }

    /// What it waits for; open as long as this value lives.
    package var descriptor: Int32? { exchange?.descriptor }

    /// Goes on without waiting.
    package func proceed() -> Answer? {
        if answer == nil { answer = exchange == nil ? begin() : read() }
        return answer
    }

    /// Ends the session with the master, if there is one.
    package func end() { exchange?.end() }

    private func begin() -> Answer? {
        if let question = intervention.adminCommand, let word = master.masterSocket.value {
            let folder = proc.link(master.pid, "cwd").value
            guard let address = AdminAddress.parse(word, relativeTo: folder) else {
                return .refused("'\(word)' is no address of an admin socket")
            }
            exchange = AdminExchange(address, question)
            return read()
        }
        guard let signal = intervention.signal else {
            return .refused("the master's admin socket is not known, and a session can only be ended there")
        }
        return send(signal.name, to: signal.pid)
    }

    private func read() -> Answer? {
        guard let exchange else { return nil }
        exchange.proceed()
        switch exchange.outcome {
        case .refused(let error):
            return exchange.isSending ? .refused("the master's admin socket: \(error)") : .cut(error)
        case .complete, .tooLong: return .lines(exchange.text.split(separator: "\n").map(String.init))
        case nil: return Instant.now() < deadline ? nil : .late
        }
    }

    private func send(_ name: String, to pid: Int32) -> Answer {
        let numbers = ["USR1": SIGUSR1, "USR2": SIGUSR2, "TERM": SIGTERM]
        guard let number = numbers[name] else { return .refused("no signal \(name)") }
        do throws(Errno) {
            let process = try ProcessControl.open(pid: pid)
            guard isStillMeant(pid) else {
                return .refused("\(pid) has ended, and that number may be another process by now")
            }
            try ProcessControl.signal(process, number)
            return .signalled("SIG\(name) sent to \(pid)")
        } catch {
            return .refused("SIG\(name) to \(pid): \(error)")
        }
    }

    /// The process is the master with its command line, or a child of it.
    private func isStillMeant(_ pid: Int32) -> Bool {
        if pid == master.pid {
            return proc.arguments(pid).joined(separator: " ") == master.commandLine
        }
        return proc.stat(pid)?.parent == master.pid
    }
}
