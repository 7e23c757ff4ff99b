// The JSON of `reloadtop doctor --json`, documented in docs/doctor.md.

import ReloadModel
import RuntimeAPI

package enum HealthJSON {
    /// One object and a newline.
    package static func object(_ report: HealthReport) -> String {
        let value = object([
            ("schema", .integer(1)), ("time", .string(CivilTime.text(ofMicroseconds: report.time))),
            ("points", .array(report.examinations.map(point))),
        ])
        return value.text + "\n"
    }

    private static func point(_ examination: Examination) -> JSON {
        let (outcome, sentence): (String, String?) =
            switch examination.outcome {
            case .good(let sentence): ("good", sentence)
            case .notConcerned(let sentence): ("skipped", sentence)
            case .findings: ("findings", nil)
            case .unknown(let why): ("unknown", why.reason + (why.remedy.map { " (\($0))" } ?? ""))
            }
        return object([
            ("id", .string(examination.id)), ("title", .string(examination.title)),
            ("outcome", .string(outcome)), ("sentence", sentence.map { .string($0) } ?? .null),
            ("findings", .array(examination.findings.map(finding))),
        ])
    }

    private static func finding(_ finding: Finding) -> JSON {
        object([
            ("severity", .string(finding.severity.word)), ("certainty", .string(finding.certainty.rawValue)),
            ("what", .string(finding.what)), ("why", .string(finding.why)),
            ("place", finding.place.isEmpty ? .null : .string(finding.place)),
            ("lines", .array(finding.lines.map { .string($0) })),
        ])
    }

    private static func object(_ members: [(String, JSON)]) -> JSON {
        .object(members.map { JSON.Member($0, $1) })
    }
}
