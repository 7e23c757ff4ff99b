// One visit of the doctor: starts the configuration test, and when that has ended collects the facts and goes
// through the checklist. Nobody has to wait: the test and the questions are descriptors to watch, and the rest is done
// in short steps.

import Observing
import ReloadModel
import Unix

/// What the next load would find, where that is not what lies on the disk.
package struct NextConfiguration: Sendable {
    /// The words of the proxy's command line that load it.
    package var loading: [String]
    package var files: [ConfigurationFile]

    package init(loading: [String], files: [ConfigurationFile]) {
        self.loading = loading
        self.files = files
    }
}

/// A visit: `proceed` until it gives the report.
package final class Consultation {
    private let master: RunningMaster
    private let proc: ProcTree
    private let units: UnitFiles
    private let next: NextConfiguration?
    private let lookBack: (Snapshot) -> AuditedPast
    private let check: Known<ConfigurationCheck>
    /// What the configuration test said, once it has ended.
    package private(set) var test: Known<ConfigurationTest>?
    private var collector: FactCollector?
    /// How often a test that tells nothing is looked at: it ends by itself after ten seconds.
    private static let testPatience = Duration.milliseconds(500)

    /// `units`: where unit files are looked for. `next`: what the next load would find; nil: the files on disk.
    /// `past`: what is known of the time before.
    package init(
        _ master: RunningMaster, proc: ProcTree = ProcTree(), units: UnitFiles = UnitFiles(),
        next: NextConfiguration? = nil, past: @escaping (Snapshot) -> AuditedPast = { _ in AuditedPast() }
    ) {
        self.next = next
        lookBack = past
        self.master = master
        self.proc = proc
        self.units = units
        check = ConfigurationCheck.start(proc, master: master.pid, loading: next?.loading)
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
            guard var verdict = check.result() else { return nil }
            if next != nil { verdict.lines.removeAll(where: tellsOfItself) }
            test = Self.test(check.command, verdict)
        }
        self.test = test
        if let snapshot = snapshot() {
            collector = FactCollector(
                master, snapshot, test: test, next: next?.files, past: lookBack(snapshot), proc: proc,
                units: units)
        }
        return nil
    }

    /// mwproxy warns of ports that another proxy has. It knows its own by the names of the files, and those of the next
    /// load may lie elsewhere until they are loaded.
    private func tellsOfItself(_ line: String) -> Bool {
        ([master.pid] + (proc.children(master.pid) ?? [])).contains { pid in
            line.contains(" is in use by ") && line.contains("(pid \(pid)).")
        }
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
