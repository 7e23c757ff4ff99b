// The text of `--once`: one aligned table for people and for grep. No escape sequences, ever.

import Observing
import ReloadModel

enum ReportText {
    /// What goes to standard output.
    static func table(_ snapshot: Snapshot) -> String { "" }

    /// What goes to standard error: what could not be seen and how to grant it; empty when nothing.
    static func notes(_ snapshot: Snapshot) -> String { "" }

    /// Several masters run: the list to choose from, one a line.
    static func choice(_ masters: [RunningMaster]) -> String { "" }
}
