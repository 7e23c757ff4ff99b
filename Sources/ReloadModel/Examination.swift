// What the doctor says: each examination of a running system with its outcome. The rules fill it, the reports and
// the dashboard show it.

/// Something that should be mended, or at least known.
package struct Finding: Equatable, Sendable {
    package enum Severity: Int, Comparable, Sendable, CaseIterable {
        /// Worth knowing; nothing is wrong.
        case notice
        case warning
        /// A reload or its clients will suffer, or already do.
        case critical

        package var word: String {
            switch self {
            case .notice: "notice"
            case .warning: "warning"
            case .critical: "critical"
            }
        }

        package static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
    }

    /// How sure it is.
    package enum Certainty: String, Sendable {
        /// It was seen in the running system.
        case seen
        /// It follows from the files, as far as they were read.
        case likely
    }

    package var severity: Severity
    package var certainty: Certainty
    /// A sentence: `edge.cfg sets no hard-stop-after`.
    package var what: String
    /// What it means for somebody who reloads.
    package var why: String
    /// Where to write `lines`: `/etc/haproxy/haproxy.cfg, section global`; empty where nothing is to be written.
    package var place: String
    /// The lines to write, or commands to run.
    package var lines: [String]

    package init(
        _ severity: Severity, _ certainty: Certainty, _ what: String, why: String, place: String = "",
        lines: [String] = []
    ) {
        self.severity = severity
        self.certainty = certainty
        self.what = what
        self.why = why
        self.place = place
        self.lines = lines
    }

    /// One that was seen in the running system.
    package init(
        _ severity: Severity, _ what: String, why: String, place: String = "", lines: [String] = []
    ) {
        self.init(severity, .seen, what, why: why, place: place, lines: lines)
    }
}

/// One point of the checklist and how it stands.
package struct Examination: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        /// Nothing is wrong: a sentence that says what was seen.
        case good(String)
        /// It does not concern this system, and why.
        case notConcerned(String)
        /// At least one.
        case findings([Finding])
        case unknown(Unknown)
    }
    /// For machines and for `--json`: `hard-stop-after`.
    package var id: String
    /// For people: `hard-stop-after is set and fits`.
    package var title: String
    package var outcome: Outcome

    package init(id: String, title: String, outcome: Outcome) {
        self.id = id
        self.title = title
        self.outcome = outcome
    }

    package var findings: [Finding] {
        if case .findings(let findings) = outcome { findings } else { [] }
    }

    /// The worst severity of its findings.
    package var severity: Finding.Severity? { findings.map(\.severity).max() }
}

/// All points of the checklist at one moment.
package struct HealthReport: Equatable, Sendable {
    /// Microseconds since 1970 UTC.
    package var time: Int64
    /// In the order of the checklist.
    package var examinations: [Examination]

    package init(time: Int64, examinations: [Examination]) {
        self.time = time
        self.examinations = examinations
    }

    /// Worst first, then as in the checklist; those that could not be looked at come before the good ones.
    package var ranked: [Examination] {
        func rank(_ examination: Examination) -> Int {
            switch examination.outcome {
            case .findings: 10 + (examination.severity?.rawValue ?? 0)
            case .unknown: 3
            case .good: 2
            case .notConcerned: 1
            }
        }
        return examinations.enumerated().sorted { left, right in
            let (one, other) = (rank(left.element), rank(right.element))
            return one != other ? one > other : left.offset < right.offset
        }.map(\.element)
    }

    package func count(_ severity: Finding.Severity) -> Int {
        examinations.flatMap(\.findings).filter { $0.severity == severity }.count
    }

    /// How many points could not be looked at.
    package var unknowns: Int {
        examinations.filter { if case .unknown = $0.outcome { true } else { false } }.count
    }
}
