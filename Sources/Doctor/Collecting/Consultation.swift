// One visit of the doctor: starts the configuration test, and when that has ended collects the facts and goes
// through the checklist. Nobody has to wait: the test is a descriptor to watch.

import Observing
import ReloadModel
import Unix

package final class Consultation {
    private let master: RunningMaster
    private let proc: ProcTree
    private let units: UnitFiles
    private let check: Known<ConfigurationCheck>

    /// `units`: where unit files are looked for.
    package init(_ master: RunningMaster, proc: ProcTree = ProcTree(), units: UnitFiles = UnitFiles()) {
        self.master = master
        self.proc = proc
        self.units = units
        check = ConfigurationCheck.start(proc, master: master.pid)
    }

    /// Readable when there may be a report; nil: there is one at once.
    package var descriptor: Int32? { check.value?.descriptor }

    /// The report, with the newest look at the proxy; nil while the configuration is tested.
    package func report(_ snapshot: Snapshot) -> HealthReport? {
        let test: Known<ConfigurationTest>
        switch check {
        case .unknown(let why): test = .unknown(why)
        case .known(let check):
            guard let verdict = check.result() else { return nil }
            test = Self.test(check.command, verdict)
        }
        let collector = FactCollector(master: master, snapshot: snapshot, proc: proc, units: units)
        return Checklist.report(collector.facts(test: test))
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
