// Stick tables over reloads: how many entries each had in the worker that served before, how many in the one that
// serves now, and where they were lost, why.

package struct StickTable: Equatable, Sendable {
    package var name: String
    package var type: String
    /// Entries that fit, and entries that are there.
    package var size: Int
    package var used: Int

    package init(name: String, type: String, size: Int, used: Int) {
        self.name = name
        self.type = type
        self.size = size
        self.used = used
    }

    /// Reads `# table: st_src, type: ip, size:102400, used:1`; nil where it is no such line.
    package init?(parsing line: some StringProtocol) {
        guard line.hasPrefix("# table: ") else { return nil }
        var fields: [String: String] = [:]
        for part in line.dropFirst(2).split(separator: ",") {
            guard let colon = part.firstIndex(of: ":") else { continue }
            let name = String(part[..<colon].filter { $0 != " " })
            fields[name] = String(part[part.index(after: colon)...].filter { $0 != " " })
        }
        guard let name = fields["table"], let size = fields["size"].flatMap({ Int($0) }),
            let used = fields["used"].flatMap({ Int($0) })
        else { return nil }
        self.init(name: name, type: fields["type"] ?? "?", size: size, used: used)
    }
}

/// What a worker said of its tables and peers.
package struct TablesReport: Equatable, Sendable {
    package var pid: Int32
    /// Microseconds since 1970 UTC.
    package var at: Int64
    /// `show table` and `show peers` as they came, or why they did not.
    package var tablesText: Known<[String]>
    package var peersText: Known<[String]>

    package init(
        pid: Int32, at: Int64, tablesText: Known<[String]>, peersText: Known<[String]>
    ) {
        self.pid = pid
        self.at = at
        self.tablesText = tablesText
        self.peersText = peersText
    }

    package var tables: [StickTable] { (tablesText.value ?? []).compactMap { StickTable(parsing: $0) } }

    /// Tables that a peers section shares.
    package var sharedTables: Set<String> {
        Set(
            (peersText.value ?? []).compactMap { line in
                let words = line.split(separator: " ")
                guard words.first?.hasPrefix("table:") == true else { return nil }
                return words.first { $0.hasPrefix("id=") }.map { String($0.dropFirst(3)) }
            })
    }

    package var hasPeers: Bool { (peersText.value ?? []).contains { $0.contains("resync_timeout=") } }
}

/// What became of one table at the latest reload.
package struct TableFate: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        /// No other worker was seen before.
        case unseen
        case carried
        /// The configuration that served before had no such table.
        case new
        case wasEmpty
        /// Why, as far as it can be told.
        case lost(String)
        /// The configuration that serves now has no such table.
        case gone
    }
    package var table: StickTable
    /// Entries in the worker that served before, at its last look; nil: none was seen.
    package var before: Int?
    /// Entries at the first looks into the worker that serves.
    package var after: Int?
    package var outcome: Outcome

    package var isLost: Bool {
        if case .lost = outcome { return true }
        return false
    }
}

/// Remembers the tables of the worker that served before.
package struct TableHistory: Equatable, Sendable {
    package private(set) var latest: TablesReport?
    /// The first looks into the worker that serves, and the last into the one before.
    private var first: TablesReport?
    private var previous: TablesReport?
    private var learningEnds: Int64 = 0

    /// Microseconds from the first look into a worker in which entries count as having come over.
    private static let learning: Int64 = 10_000_000

    package init() {}

    package mutating func take(_ report: TablesReport) {
        if report.tablesText.value == nil, let latest, latest.pid == report.pid,
            latest.tablesText.value != nil
        {
            return
        }
        if let latest, latest.pid != report.pid {
            previous = latest
        }
        // A worker learns from its peers for some seconds: HAProxy serves meanwhile.
        if first?.pid != report.pid { learningEnds = report.at + Self.learning }
        if first?.pid != report.pid || report.at <= learningEnds { first = report }
        latest = report
    }

    /// What became of each table; `program`: what it can be lost by.
    package func fates(_ program: ProxyIdentity.Program) -> [TableFate] {
        guard let latest, let first else { return [] }
        let before = Dictionary(
            (previous?.tables ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let start = Dictionary(
            first.tables.map { ($0.name, $0.used) }, uniquingKeysWith: { first, _ in first })
        let now = latest.tables.map { table in
            let old = before[table.name]
            let outcome: TableFate.Outcome =
                if previous == nil {
                    .unseen
                } else if let old {
                    Self.outcome(old, table, after: start[table.name] ?? 0, first, program)
                } else {
                    .new
                }
            return TableFate(table: table, before: old?.used, after: start[table.name], outcome: outcome)
        }
        let names = Set(now.map(\.table.name))
        let gone = (previous?.tables ?? []).filter { !names.contains($0.name) && previous != nil }
        return now
            + gone.map { TableFate(table: $0, before: $0.used, after: nil, outcome: .gone) }
    }

    private static func outcome(
        _ old: StickTable, _ table: StickTable, after: Int, _ report: TablesReport,
        _ program: ProxyIdentity.Program
    ) -> TableFate.Outcome {
        if old.used == 0 { return .wasEmpty }
        // Some expire in the meantime; fewer than half are not those that were.
        if after * 2 >= old.used { return .carried }
        if table.type != old.type {
            return .lost("its keys are of type \(table.type) now, before of type \(old.type)")
        }
        if table.size < old.used { return .lost("it has room for \(table.size) entries only") }
        if !report.hasPeers { return .lost("no peers section: a reload starts with empty tables") }
        if !report.sharedTables.contains(table.name) {
            return .lost("the table is in no peers section: add 'peers NAME' to its stick-table line")
        }
        switch program {
        case .haproxy:
            return .lost(
                "its peers section did not carry it: the old worker was younger than 5 s, or no peer has this host's "
                    + "name")
        case .mwproxy:
            return .lost(
                "its peers section did not carry it: it was in none before, or not all came in time (the log says so)"
            )
        }
    }
}
