// The full-screen views: keys 1 to 8, the tabs, and what each view must offer. A new view is a case here and a file of
// its own with an `enum XView: FullView` (or `ListedView`, where it is a list: then it is little more than its
// columns). Its keys go into `KeyTable`; tabs, help, key bar, mouse and export follow from what is here.

import ReloadModel
import RuntimeAPI
import TextUI

/// What fills the screen; the raw value is its key.
package enum ViewKind: Int, CaseIterable, Comparable, Sendable {
    case tree = 1
    case conns = 2
    case reloads = 3
    case diff = 4
    case tables = 5
    case log = 6
    case time = 7
    case doctor = 8

    var view: any FullView.Type {
        switch self {
        case .tree: TreeView.self
        case .diff: DiffView.self
        case .conns: ConnsView.self
        case .reloads: ReloadsView.self
        case .tables: TablesView.self
        case .log: LogView.self
        case .time: TimeView.self
        case .doctor: DoctorView.self
        }
    }

    /// The key that opens it.
    var digit: Unicode.Scalar { Unicode.Scalar(UInt8(0x30 + rawValue)) }

    package static func < (left: ViewKind, right: ViewKind) -> Bool { left.rawValue < right.rawValue }
}

/// One full-screen view. All of it is pure: what takes time is asked for by an `Effect` and comes back as an `Event`.
protocol FullView {
    /// The word on its tab: `Tree`.
    static var name: String { get }
    /// What it answers, in a sentence for the help.
    static var purpose: String { get }
    /// Draws into `area`, whatever its size: the screen without title, tabs and keys.
    static func draw(_ state: State, _ area: Area, _ frame: inout Frame)
    /// Acts on a key that the table of keys gives this view; nil: it has no use for it.
    static func press(_ action: Action, _ state: inout State) -> [Effect]?

    /// What the rows are that its filter hides: `connections`.
    static func rowsNoun(_ state: State) -> String
    /// Acts on the mouse inside `area`.
    static func click(_ mouse: Key.Mouse, _ area: Area, _ state: inout State) -> [Effect]
    /// Acts on a press of its button there; the wheel moves as the arrow keys do.
    static func pressed(column: Int, row: Int, _ area: Area, _ state: inout State) -> [Effect]
    /// Keeps cursor and scroll position where there is something: after each event, while it is shown.
    static func settle(_ state: inout State, _ area: Area)
    /// It was opened: what it wants to know that a look does not bring.
    static func opened(_ state: inout State) -> [Effect]
    /// A look came while it is shown: what it wants to know anew.
    static func looked(_ state: inout State) -> [Effect]
    /// Titles of the columns that `o` can hide.
    static func columnNames(_ state: State) -> [String]
    /// What is shown, as members of the exported object; times in RFC 3339 UTC, unknown is null.
    static func export(_ state: State) -> [JSON.Member]
    /// What can be done to the proxy where the cursor is.
    static func interventions(_ state: State) -> [Intervention]
    /// Shell commands that tell the same without reloadtop, one a line; empty where there are none.
    static func shellCommands(_ state: State) -> [String]
}

extension FullView {
    static func rowsNoun(_ state: State) -> String { "rows" }
    static func click(_ mouse: Key.Mouse, _ area: Area, _ state: inout State) -> [Effect] {
        switch mouse {
        case .press(let column, let row): pressed(column: column, row: row, area, &state)
        case .wheelUp: press(.move(.up), &state) ?? []
        case .wheelDown: press(.move(.down), &state) ?? []
        }
    }
    static func pressed(column: Int, row: Int, _ area: Area, _ state: inout State) -> [Effect] { [] }
    static func settle(_ state: inout State, _ area: Area) {}
    static func opened(_ state: inout State) -> [Effect] { [] }
    static func looked(_ state: inout State) -> [Effect] { [] }
    static func columnNames(_ state: State) -> [String] { [] }
    static func export(_ state: State) -> [JSON.Member] { [] }
    static func interventions(_ state: State) -> [Intervention] { [] }
    static func shellCommands(_ state: State) -> [String] { [] }
}
