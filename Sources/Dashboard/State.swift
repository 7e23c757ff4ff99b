// Everything the screen is made of. `update` changes it, `view` draws it; neither touches anything else.

import ReloadModel
import TextUI

/// What does not change by itself while the program runs.
package struct Settings: Equatable, Sendable {
    package var repertoire: Repertoire
    /// The proxy is our own demo: `R` reloads it.
    package var demo: Bool
    /// Seconds between two looks.
    package var interval: Double
    /// The colours that the terminal was taken with.
    package var theme: Theme
    /// Actions on the proxy are offered from the start.
    package var allowsActions: Bool

    package init(
        repertoire: Repertoire = .unicode, demo: Bool = false, interval: Double = 1,
        theme: Theme = .standard, allowsActions: Bool = false
    ) {
        self.repertoire = repertoire
        self.demo = demo
        self.interval = interval
        self.theme = theme
        self.allowsActions = allowsActions
    }
}

/// What is known of the proxy at one moment: the part that a pause freezes.
package struct Picture: Equatable, Sendable {
    package var snapshot: Snapshot
    /// Connections of each worker by pid, one value a look, the latest last; nil where they were not known.
    package var history: [Int32: [Int?]]
    /// Log lines, oldest first.
    package var log: [LogLine]
    /// When the last value of `history` began.
    var stepStarted: Int64

    /// Values kept in a history, and lines in the log.
    package static let longestHistory = 400
    package static let longestLog = 2000
}

/// The panel that the arrow keys move in.
package enum Focus: Int, CaseIterable, Sendable {
    case processes, reloads, log
}

/// What the workers are sorted by.
package enum SortKey: Int, CaseIterable, Sendable {
    case generation, age, connections, memory, cpu, killIn
}

/// Everything that the screen depends on.
package struct State: Equatable, Sendable {
    /// How far it has come with finding a master.
    package enum Phase: Equatable, Sendable {
        /// Nothing was seen yet; what is being done.
        case connecting(String)
        /// Several masters run: one is chosen in `masters`.
        case choosing
        case watching
    }

    package var size: Size
    package var settings: Settings
    package var phase = Phase.connecting("looking for a running master")
    /// The latest.
    package var live: Picture?
    /// What was shown when the pause began, or a picture of the past.
    package var paused: Picture?
    /// `paused` is a picture of the past.
    var replays = false
    /// Where the cursor of the tree was before the past was shown: that may not know its process.
    var selectedBefore: Int32?
    /// The looks of the last hour, and the lives of the workers seen in it.
    package var past = Past()
    var chronicle = Chronicle()
    /// Microseconds since 1970 UTC.
    package var now: Int64 = 0
    /// Why there are no fresh looks, and what is being done about it.
    package var lost: String?
    /// The master that is watched; nil before there is one.
    package var master: Int32?
    /// The list of masters, while it is open.
    var masters: MasterChoice?

    package var focus = Focus.processes
    /// The pid of the row under the cursor.
    package var selected: Int32?
    /// The row that `selected` was last seen in: where the cursor stays when its process ends.
    var selectedRow = 0
    /// The first row shown of the processes.
    var firstRow = 0
    /// Rows scrolled away from the latest, in the reloads and in the log.
    var scrolledReloads = 0
    var scrolledLog = 0
    /// Columns scrolled to the right in the log.
    var shiftedLog = 0
    var scrolledHelp = 0

    package var sort = SortKey.generation
    package var folded = false
    /// The cursor of the tree follows the serving worker.
    var follows = false
    /// What is shown.
    package var view = ViewKind.tree
    /// Cursor, order and scroll position of each list.
    var lists: [ViewKind: ListPosition] = [:]
    /// Where the reloads view is.
    var reloads = ReloadsPosition()
    /// Where the log and the time view are.
    var log = LogPosition()
    var time = TimePosition()
    /// What the doctor said and what of it is looked at.
    var doctor = DoctorPosition()
    /// Which change of the configuration is looked at.
    var diff = DiffPosition()
    /// Titles of the columns that are not shown, by view.
    var hidden: [ViewKind: Set<String>] = [:]
    /// Text filters that are not empty.
    private var filters: [Place: String] = [:]
    package var typingFilter = false
    package var showsHelp = false
    package var showsDetail = false
    /// Lines that answer a key, until the next.
    package var popup: Popup?
    /// The row of the choice of columns, while it is open.
    var columnMenu: Int?
    /// The worker whose reasons to be alive are shown, in the tree.
    var why: WhyAlivePosition?
    /// What is known of the workers' connections.
    var inquiries = Inquiries()
    var conns = ConnsPosition()
    var tables = TablesState()
    /// Actions on the proxy are offered: `--allow-actions`, or armed since.
    package var isArmed: Bool
    var dialogue: Dialogue?
    /// A sentence for the last key, until the next.
    package var notice: String?

    package init(size: Size, settings: Settings = Settings()) {
        self.size = size
        self.settings = settings
        isArmed = settings.allowsActions
    }

    /// Rows that a filter can apply to.
    enum Place: Hashable, Sendable {
        case panel(Focus)
        case view(ViewKind)
    }

    /// Where the keys go.
    var place: Place { view == .tree ? .panel(focus) : .view(view) }

    /// The filter of the rows that have the keys; empty when there is none.
    package var filter: String {
        get { filter(of: place) }
        set { filters[place] = newValue.isEmpty ? nil : newValue }
    }

    func list(of kind: ViewKind) -> ListPosition { lists[kind] ?? ListPosition() }

    func hiddenColumns(of kind: ViewKind) -> Set<String> { hidden[kind] ?? [] }

    func filter(of place: Place) -> String { filters[place] ?? "" }

    /// What is drawn.
    package var picture: Picture? { paused ?? live }

    /// Seconds since the drawn look was taken.
    var pictureAge: Double {
        guard let picture else { return 0 }
        return max(0, Double(now - picture.snapshot.time) / 1_000_000)
    }

    /// The looks have stopped coming although nobody paused them.
    var isStale: Bool {
        guard paused == nil, live != nil else { return false }
        return lost != nil || pictureAge > max(3, 3 * settings.interval)
    }
}
