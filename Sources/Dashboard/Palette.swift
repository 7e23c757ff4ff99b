// Which colour, word and glyph stands for what. A state is always told by all three.

import ReloadModel
import TextUI

/// The characters that are drawn; each has an ASCII form.
struct Glyphs {
    let repertoire: Repertoire

    private func either(_ unicode: String, _ ascii: String) -> String {
        repertoire == .unicode ? unicode : ascii
    }

    var branch: String { either("├ ", "|-") }
    var lastBranch: String { either("└ ", "`-") }
    var trunk: String { either("│ ", "| ") }
    var open: String { either("▼", "v") }
    var closed: String { either("▶", ">") }
    var sorted: String { either("▾", "v") }
    var sortedUp: String { either("▴", "^") }
    var ok: String { either("✓", "+") }
    var bad: String { either("✗", "x") }
    var again: String { either("↻", "@") }
    var running: String { either("◐", "~") }
    var end: String { either("┤", "|") }
    var deadline: String { either("✗", "X") }
    var future: String { either("┄", ".") }
    var mark: String { either("┴", "+") }

    /// One column of a bar.
    func bar(_ state: WorkerState) -> String {
        switch state {
        case .starting: either("░", "+")
        case .serving: either("█", "#")
        case .draining: either("▒", "~")
        case .held: either("◌", "o")
        case .overdue: either("▓", "%")
        }
    }

    var cut: String { either("…", "~") }
    var dash: String { either("–", "-") }
    var dot: String { either("·", ".") }
    var change: String { either("Δ/s", "+-/s") }
    var to: String { either("→", "->") }
    var from: String { either("←", "<-") }
    var horizontal: Unicode.Scalar { repertoire == .unicode ? "─" : "-" }
    var vertical: Unicode.Scalar { repertoire == .unicode ? "│" : "|" }
    var tee: Unicode.Scalar { repertoire == .unicode ? "┬" : "+" }
    var crossing: Unicode.Scalar { repertoire == .unicode ? "┴" : "+" }

    func of(_ state: WorkerState) -> String {
        switch state {
        case .starting: either("◔", "+")
        case .serving: either("●", "*")
        case .draining: either("◐", "~")
        case .held: either("◌", "o")
        case .overdue: either("✗", "X")
        }
    }
}

extension WorkerState {
    /// Capitals for the ones that want a person.
    var word: String {
        switch self {
        case .starting, .serving, .draining: rawValue
        case .held: "HELD"
        case .overdue: "OVERDUE"
        }
    }

    var style: Style {
        switch self {
        case .starting: Style(.cyan)
        case .serving: Style(.green).bold
        case .draining: Style(.yellow)
        case .held: Style(.magenta).bold
        case .overdue: Style(.red).bold
        }
    }

    /// The worst last.
    var badness: Int {
        switch self {
        case .serving: 0
        case .starting: 1
        case .draining: 2
        case .held: 3
        case .overdue: 4
        }
    }
}

extension Alert.Severity {
    var badge: Style {
        switch self {
        case .info: Style(.bright, on: .badge).bold
        case .warning: Style(.standard, on: .caution).bold
        case .critical: Style(.bright, on: .alarm).bold
        }
    }
}

extension Alert.Kind {
    var words: String {
        switch self {
        case .stacking: "STACKING"
        case .failedReload: "RELOAD FAILED"
        case .restart: "RESTARTED"
        case .overdue: "OVERDUE"
        case .held: "HELD"
        case .stuckMaster: "MASTER STUCK"
        case .strandedListener: "STRANDED"
        case .spinning: "SPINNING"
        case .worseAfterReload: "WORSE"
        case .stateUndone: "UNDONE"
        case .tablesLost: "TABLES LOST"
        case .ticketsLost: "TICKETS LOST"
        case .resetCounters: "COUNTERS"
        case .reloadRate: "RELOAD RATE"
        case .endless: "NO END"
        case .drift: "NOT LOADED"
        }
    }
}

extension LogLine.Severity {
    var style: Style {
        switch self {
        case .info: .plain
        case .warning: Style(.yellow)
        case .critical: Style(.red)
        }
    }

    /// Four letters.
    var word: String {
        switch self {
        case .info: "info"
        case .warning: "warn"
        case .critical: "CRIT"
        }
    }

    func glyph(_ glyphs: Glyphs) -> String {
        switch self {
        case .info: glyphs.dot
        case .warning: "!"
        case .critical: glyphs.bad
        }
    }
}

extension ReloadRecord.Result {
    var style: Style {
        switch self {
        case .success: Style(.green)
        case .failed: Style(.red).bold
        case .restart: Style(.magenta).bold
        case .running: Style(.cyan)
        case .unknown: Style(.grey)
        }
    }

    func glyph(_ glyphs: Glyphs) -> String {
        switch self {
        case .success: glyphs.ok
        case .failed: glyphs.bad
        case .restart: glyphs.again
        case .running: glyphs.running
        case .unknown: "?"
        }
    }

    var word: String {
        switch self {
        case .success: "ok"
        case .failed: "failed"
        case .restart: "RESTART"
        case .running: "running"
        case .unknown: "unknown"
        }
    }
}

extension TicketSurvival {
    var style: Style {
        switch self {
        case .survived: Style(.green)
        case .lost: isMishap ? Style(.yellow).bold : Style(.yellow)
        case .noTLS: .value
        }
    }
}

extension ReloadRecord.Source {
    /// As short as its column.
    var tag: String {
        switch self {
        case .processEvents: "events"
        case .showReloads: "reloads"
        default: rawValue
        }
    }
}

extension Style {
    static let label = Style(.grey)
    static let value = Style(.standard)
    static let strong = Style(.bright).bold
    static let rule = Style(.grey)
    static let unknown = Style(.grey)
}
