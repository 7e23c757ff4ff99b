// Stick tables: a reload starts with empty ones, unless a peers section with this host in it carries them over.

import ConfigLanguage
import ReloadModel

enum PeerRules {
    private typealias Section = ConfigurationOutline.Section
    private typealias Line = ConfigurationOutline.Line

    static func tables(_ facts: SystemFacts) -> Examination.Outcome {
        facts.inForce.decide { configuration in
            let tables = configuration.proxies.compactMap { section in
                section.lines.last { $0.keyword == "stick-table" }.map { (section, $0) }
            }
            let used = tables.filter { section, _ in isUsed(section.name, in: configuration) }
            var findings = used.compactMap { section, line -> Finding? in
                guard let group = line.value(of: "peers") else { return alone(section, line, facts) }
                return withoutHost(group, "table '\(section.name)'", configuration, facts)
            }
            // Tables that a peers section holds itself.
            for section in configuration.sections("peers") {
                guard let table = section.lines.first(where: { $0.keyword == "table" }), table.words.count > 1
                else { continue }
                let name = "\(section.name)/\(table.words[1])"
                if isUsed(name, in: configuration),
                    let finding = withoutHost(section.name, "table '\(name)'", configuration, facts)
                {
                    findings.append(finding)
                }
            }
            if findings.isEmpty && used.isEmpty && tables.isEmpty {
                return .notConcerned("no rule depends on a stick table")
            }
            return .of(
                findings,
                elseGood: used.isEmpty
                    ? "no rule depends on a stick table" : "\(listed(used.map(\.0.name))): carried by peers")
        }
    }

    /// Whether a rule of any proxy reads or writes a table.
    private static func isUsed(_ name: String, in configuration: ConfigurationOutline) -> Bool {
        configuration.proxies.contains { section in
            section.lines.contains { line in
                guard line.keyword != "stick-table" else { return false }
                if line.words.contains(where: { names($0, name) }) { return true }
                guard line.keyword == "stick" || line.words.contains(where: { $0.hasPrefix("track-sc") })
                else { return false }
                return (line.value(of: "table") ?? section.name) == name
            }
        }
    }

    /// `sc_http_req_rate(0,name)`, `src_conn_cur(name)`, `table_cnt(name)` inside any word.
    private static func names(_ word: String, _ name: String) -> Bool {
        word.contains("(\(name))") || word.contains(",\(name))")
    }

    private static func alone(_ section: Section, _ line: Line, _ facts: SystemFacts) -> Finding {
        let entries = facts.tableEntries.value?[section.name].map {
            ": the next reload loses its \($0 == 1 ? "1 entry" : "\($0) entries")"
        }
        return Finding(
            .warning, .likely, "table '\(section.name)' has no peers (\(line.place))\(entries ?? "")",
            why: "the new worker begins with an empty table at every reload: stickiness, rates and bans that "
                + "rules depend on start anew",
            place: "\(line.file): a peers section, and its name in line \(line.number)",
            lines: [
                "peers reloads", "    peer \(facts.localPeer) 127.0.0.1:10000", "\(section.title)",
                "    \(line.words.joined(separator: " ")) peers reloads",
            ])
    }

    /// A group that lacks this host carries nothing over.
    private static func withoutHost(
        _ group: String, _ table: String, _ configuration: ConfigurationOutline, _ facts: SystemFacts
    ) -> Finding? {
        guard let section = configuration.sections("peers").first(where: { $0.name == group }) else {
            return Finding(
                .critical, .likely, "\(table) names peers '\(group)', which no file has",
                why: "the table starts empty at every reload", place: facts.configurationPlace,
                lines: ["peers \(group)", "    peer \(facts.localPeer) 127.0.0.1:10000"])
        }
        let local = configuration.global("localpeer").flatMap { $0.words.count > 1 ? $0.words[1] : nil }
        // `-L` holds over the file.
        let host = ProxyArguments.localPeer(facts.arguments) ?? local ?? facts.localPeer
        let members = section.lines.filter { ["peer", "server"].contains($0.keyword) && $0.words.count > 1 }
        guard !members.contains(where: { $0.words[1] == host }) else { return nil }
        let names = members.map { $0.words[1] }
        return Finding(
            .critical, .likely,
            "peers '\(group)' has \(names.isEmpty ? "nobody" : listed(names)), but this host is '\(host)'",
            why: "without its own entry a worker neither listens for the old one nor sends to the new one: "
                + "\(table) starts empty at every reload",
            place: "\(section.head.place), section peers '\(group)'",
            lines: ["peer \(host) 127.0.0.1:10000"])
    }
}

enum ProxyArguments {
    /// The name behind `-L`.
    static func localPeer(_ arguments: [String]) -> String? {
        guard let index = arguments.firstIndex(of: "-L"), index + 1 < arguments.count else { return nil }
        return arguments[index + 1]
    }
}
