// Does one intervention, step by step beside the screen, and writes down what was asked and what came of it.

import Glibc
import Observing
import ReloadModel
import Unix

/// One intervention under way: `proceed` until it gives the result.
package final class Undertaking {
    private enum Stage {
        case ready
        case testing(ConfigurationCheck)
        case asking(MasterRequest)
        case done
    }

    private let intervention: Intervention
    private let master: RunningMaster
    private let command: String
    private let log: AuditLog?
    private let proc: ProcTree
    private var stage = Stage.ready
    /// The log has the line that it was asked for.
    private var isNoted = false
    /// Kept to the end: whoever watches its descriptor may still do so.
    private var check: ConfigurationCheck?
    private var request: MasterRequest?
    /// When the present stage is given up.
    package private(set) var deadline = Instant.never

    /// - Parameters:
    ///   - command: the same for a shell, for the log.
    ///   - log: nil where the user has no place for one: then nothing is done.
    package init(
        _ intervention: Intervention, on master: RunningMaster, command: String, log: AuditLog?,
        proc: ProcTree = ProcTree()
    ) {
        self.intervention = intervention
        self.master = master
        self.command = command
        self.log = log
        self.proc = proc
    }

    /// What it waits for; readable or, for a question that is not sent yet, writable.
    package var descriptors: [Int32] { [check?.descriptor, request?.descriptor].compactMap(\.self) }

    /// Goes on without waiting; what came of it once it has ended.
    package func proceed() -> InterventionResult? {
        switch stage {
        case .ready: return begin()
        case .testing(let check): return tested(check)
        case .asking(let request): return answered(request)
        case .done: return nil
        }
    }

    // MARK: Steps

    private func begin() -> InterventionResult? {
        guard let log else {
            return end(false, "not done: there is no place for the audit log (set HOME or XDG_STATE_HOME)")
        }
        do throws(Errno) {
            try log.noteAsked(intervention, command: command)
            isNoted = true
        } catch {
            return end(false, "not done: the audit log \(log.path) cannot be written (\(error))")
        }
        if case .reload = intervention { return test() }
        return act()
    }

    private func test() -> InterventionResult? {
        switch ConfigurationCheck.start(proc, master: master.pid) {
        case .unknown(let why): return end(false, "not reloaded: the files cannot be tested: \(why.reason)")
        case .known(let check):
            self.check = check
            stage = .testing(check)
            deadline = .now() + ConfigurationCheck.limit
            return tested(check)
        }
    }

    private func tested(_ check: ConfigurationCheck) -> InterventionResult? {
        guard let verdict = check.result() else { return nil }
        guard verdict.exitCode == 0 else {
            let reason = FailureReason.first(in: verdict.lines) ?? "it ended with code \(verdict.exitCode)"
            return end(false, "not reloaded, what runs stays in force: '\(check.command)' says: \(reason)")
        }
        return act()
    }

    private func act() -> InterventionResult? {
        let request = MasterRequest(intervention, on: master, proc: proc)
        self.request = request
        stage = .asking(request)
        deadline = request.deadline
        return answered(request)
    }

    private func answered(_ request: MasterRequest) -> InterventionResult? {
        let text: [String]
        switch request.proceed() {
        case nil: return nil
        case .late:
            let span = MasterRequest.longestAnswer.components.seconds
            return end(false, "no answer within \(span) s; look at the reloads")
        case .cut(let error):
            return end(
                false, "asked, and the session ended without an answer (\(error)); look at the reloads")
        case .refused(let why): return end(false, "not done: \(why)")
        case .signalled(let sentence): return end(true, sentence)
        case .lines(let said): text = said
        }
        let said = text.first { !$0.isEmpty && $0 != "--" }
        switch intervention {
        case .reload:
            if text.contains("Success=0") {
                let reason = FailureReason.first(in: text).map { ": \($0)" } ?? ""
                return end(false, "the reload failed, what ran before stays in force\(reason)")
            }
            return end(
                true,
                text.contains("Success=1") ? "reloaded" : "asked to reload; the reloads show what came of it")
        default:
            // A worker says nothing when a session has been cut.
            return said == nil
                ? end(true, "\(intervention.cost)") : end(false, "the worker says: \(said ?? "")")
        }
    }

    private func end(_ succeeded: Bool, _ sentence: String) -> InterventionResult {
        stage = .done
        deadline = .never
        request?.end()
        var result = InterventionResult(intervention, succeeded: succeeded, sentence)
        guard isNoted else { return result }
        do throws(Errno) {
            try log?.noteEnded(result)
        } catch {
            result.sentence += " (the audit log could not be written: \(error))"
        }
        return result
    }
}
