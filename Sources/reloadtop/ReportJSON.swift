// The JSON of `--json`: schema 1, documented in docs/json.md. Unknown is null.

import ReloadModel

enum ReportJSON {
    /// One object and a newline; keys in the order of docs/json.md.
    static func object(_ snapshot: Snapshot) -> String { "{}\n" }
}
