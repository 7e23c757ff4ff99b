// One visit of the doctor: starts the configuration test, and when that has ended collects the facts and goes
// through the checklist. Nobody has to wait: the test and the questions are descriptors to watch, and the rest is done
// in short steps.

import Observing
import ReloadModel
import Unix

/// A visit: `proceed` until it gives the report.
package final class Consultation {
    private let master: RunningMaster
    private let proc: ProcTree
    private let units: UnitFiles
    private let check: Known<ConfigurationCheck>
    private var collector: FactCollector?
    /// How often a test that tells nothing is looked at: it ends by itself after ten seconds.
    private static let testPatience = Duration.milliseconds(500)

    /// `units`: where unit files are looked for.
    package init(_ master: RunningMaster, proc: ProcTree = ProcTree(), units: UnitFiles = UnitFiles()) {
        self.master = master
        self.proc = proc
        self.units = units
        check = ConfigurationCheck.start(proc, master: master.pid)
    }

    /// What it waits for now. None of them is closed before this value itself is released.
    package var descriptors: [Int32] {
        if let collector { return collector.descriptors }
        return [check.value?.descriptor].compactMap(\.self)
    }

    /// When `proceed` wants to be called although none of them is ready.
    package var deadline: Instant {
        if let collector { return collector.deadline }
        return check.value == nil ? .now() : .now() + Self.testPatience
    }

    /// Goes on for some milliseconds; the report once it is complete. `snapshot`: the newest look, asked for once, when
    /// the test has ended.
    package func proceed(_ snapshot: () -> Snapshot?) -> HealthReport? {
        if let collector { return collector.proceed().map(Checklist.report) }
        let test: Known<ConfigurationTest>
        switch check {
        case .unknown(let why): test = .unknown(why)
        case .known(let check):
            guard let verdict = check.result() else { return nil }
            test = Self.test(check.command, verdict)
        }
        if let snapshot = snapshot() {
            collector = FactCollector(master, snapshot, test: test, proc: proc, units: units)
        }
        return nil
    }

    private static func test(
        _ command: String, _ verdict: ConfigurationCheck.Verdict
    ) -> Known<ConfigurationTest> {
        if verdict.exitCode != 0, let refusal = verdict.lines.first(where: { $0.hasPrefix("nsenter: ") }) {
            return .unknown(Unknown("the master's namespaces cannot be entered: \(refusal)"))
        }
        if verdict.exitCode == 124 {
            return .unknown(Unknown("'\(command)' did not end in ten seconds"))
        }
        return .known(
            ConfigurationTest(command: command, exitCode: verdict.exitCode, lines: verdict.lines))
    }
}
