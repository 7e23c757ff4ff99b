// Asks for the reload: the master itself, or systemd for its unit. Never a restart.

import Glibc
import Observing
import ReloadModel
import Unix

final class ReloadAsking {
    enum State: Equatable {
        /// The answer is not here yet.
        case underWay
        /// The request is out, and nobody says what comes of it: the looks tell.
        case silent
        case succeeded
        /// The proxy says that the load failed.
        case failed
        /// systemd says that the unit was not reloaded, or that a part of its job failed: not what the proxy did.
        case jobFailed(String)
        /// The request did not reach anybody.
        case notAsked(String)
    }

    private let request: MasterRequest
    private let unit: String?
    private let systemctl: String
    private var process: pid_t?
    private var state = State.underWay
    /// What the master has said.
    private(set) var lines: [String] = []

    /// - Parameter unit: nil: the master is asked itself.
    init(
        _ master: RunningMaster, unit: String?, proc: ProcTree, systemctl: String = "/usr/bin/systemctl"
    ) {
        self.systemctl = systemctl
        request = MasterRequest(.reload(master: master.pid), on: master, proc: proc)
        self.unit = unit
    }

    var descriptors: [Int32] { state == .underWay ? [request.descriptor].compactMap(\.self) : [] }

    func proceed() -> State {
        if state == .underWay { state = unit == nil ? ask() : askSystemd() }
        return state
    }

    /// Leaves no process and no session behind; a job of systemd's goes on.
    func end() {
        request.end()
        guard let process, state == .underWay else { return }
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        state = .jobFailed("systemctl reload \(unit ?? "") had not ended")
    }

    private func ask() -> State {
        switch request.proceed() {
        case nil: return .underWay
        case .signalled, .late, .cut: return .silent
        case .lines(let said):
            lines = said
            return said.contains("Success=0") ? .failed : said.contains("Success=1") ? .succeeded : .silent
        case .refused(let why): return .notAsked(why)
        }
    }

    private func askSystemd() -> State {
        guard let process else {
            do throws(Errno) {
                self.process = try ProcessControl.spawn(
                    systemctl, arguments: ["systemctl", "--no-ask-password", "reload", unit ?? ""],
                    environment: ProcessControl.environment, inherited: [(2, 1)])
                return .underWay
            } catch {
                return .notAsked("systemctl: \(error)")
            }
        }
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return .underWay }
        let end = ProcessEnd(waitStatus: status)
        return end == .exited(0)
            ? .silent : .jobFailed("systemctl reload \(unit ?? "") ended with \(end.code)")
    }
}
