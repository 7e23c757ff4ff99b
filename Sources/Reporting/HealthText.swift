// What `reloadtop doctor` prints: the findings with all that is to do, worst first, then the rest in a line each.

import ReloadModel
import RuntimeAPI
import TextUI

package enum HealthText {
    private static let width = 100

    /// What goes to standard output. `proxy`: who was examined: `haproxy 2.6.12, master 7459`.
    package static func text(_ report: HealthReport, proxy: String) -> String {
        var lines = ["\(proxy)  \(CivilTime.text(ofMicroseconds: report.time))", ""]
        for examination in report.ranked {
            for finding in examination.findings.sorted(by: { $0.severity > $1.severity }) {
                lines += Self.lines(finding, examination.id)
            }
        }
        for examination in report.ranked {
            switch examination.outcome {
            case .findings: break
            case .unknown(let why):
                let remedy = why.remedy.map { " (\($0))" } ?? ""
                lines.append("?  unknown   \(examination.id): \(why.reason)\(remedy)")
            case .good(let sentence):
                lines.append("+  good      \(examination.id): \(sentence)")
            case .notConcerned(let sentence):
                lines.append("-  skipped   \(examination.id): \(sentence)")
            }
        }
        lines += ["", summary(report)]
        return lines.map { VisibleText.of($0) + "\n" }.joined()
    }

    private static func lines(_ finding: Finding, _ id: String) -> [String] {
        let mark =
            switch finding.severity {
            case .critical: "!! critical"
            case .warning: "!  warning "
            case .notice: ".  notice  "
            }
        let certainty = finding.certainty == .likely ? " (likely)" : ""
        var lines = ["\(mark)  \(id)\(certainty): \(finding.what)"]
        lines += WrappedText.lines(finding.why, width: width).map { "      \($0)" }
        if !finding.place.isEmpty {
            lines.append("      \(finding.place)" + (finding.lines.isEmpty ? "" : ":"))
        }
        lines += finding.lines.map { "          \($0)" }
        return lines + [""]
    }

    /// `2 critical, 1 warning, 0 notices; 3 points unknown`
    package static func summary(_ report: HealthReport) -> String {
        "\(report.count(.critical)) critical, \(Wording.count(report.count(.warning), "warning")), "
            + "\(Wording.count(report.count(.notice), "notice")); \(Wording.count(report.unknowns, "point")) unknown"
    }

    /// 2: something is critical, 1: a warning, 0: neither, 3: neither, but not everything could be looked at.
    package static func exitStatus(_ report: HealthReport) -> Int32 {
        if report.count(.critical) > 0 { return 2 }
        if report.count(.warning) > 0 { return 1 }
        return report.unknowns > 0 ? 3 : 0
    }
}
