// What should be the same on every host behind one name, and is not.

import ReloadModel

/// One thing in which hosts differ, or of which that cannot be told.
package struct FleetDifference: Equatable, Sendable {
    package struct Group: Equatable, Sendable {
        /// As a person reads it.
        package let value: String
        package let hosts: [FleetHost]
    }
    /// `ticket keys`
    package let what: String
    package let groups: [Group]
    /// What comes of it.
    package let consequence: String

    /// `ticket keys differ: tickets 3f2a9c1b0d4e… on a, c; none on b: …`
    package var sentence: String {
        let values = groups.map { "\($0.value) on \($0.hosts.map(\.name).joined(separator: ", "))" }
        return "\(what) \(groups.count > 1 ? "differ" : "cannot be compared"): "
            + "\(values.joined(separator: "; ")): \(consequence)"
    }
}

package enum FleetComparison {
    private static let shownDigits = 12

    /// In a fixed order; empty where all agree. A host that has the new content already is no reason: a rollout that was
    /// stopped is begun again.
    package static func differences(_ looks: [HostLook]) -> [FleetDifference] {
        let hosts = looks.compactMap { look in look.facts.map { (look.host, $0) } }
        return [
            difference(
                "configurations", inFiles(hosts.filter { !$0.1.hasContent }.map { ($0, $1.configuration) }),
                "what this changes is not the same everywhere"),
            difference(
                "ticket keys", inFiles(hosts.map { ($0, $1.ticketKeys) }),
                "a TLS session that one host began is not resumed by another"),
            difference(
                "values of hard-stop-after",
                hosts.map { ($0, $1.hardStopAfter.map { words(hardStopAfter: $0) }) },
                "old workers do not end alike everywhere"),
        ].compactMap(\.self)
    }

    /// Why nothing is begun, a sentence each; empty: nothing is in the way.
    package static func objections(
        _ looks: [HostLook], _ differences: [FleetDifference], acceptsDifferences: Bool
    ) -> [String] {
        let refusals = looks.flatMap { look in look.reasons.map { "\(look.host): \($0)" } }
        if acceptsDifferences || differences.isEmpty { return refusals }
        return refusals + differences.map(\.sentence) + ["--accept-differences goes on in spite of that"]
    }

    /// `haproxy.cfg 3f2a9c1b0d4e…`
    package static func words(_ files: [HostFacts.HashedFile]) -> String {
        if files.isEmpty { return "none" }
        return files.map { file in
            "\(file.file.split(separator: "/").last ?? "?") \(file.hash.prefix(shownDigits))…"
        }.joined(separator: ", ")
    }

    /// `30m00s`
    package static func words(hardStopAfter milliseconds: Int64?) -> String {
        milliseconds.map { Wording.span(seconds: Double($0) / 1000) } ?? "none"
    }

    /// Without the files whose content every host has: those that are left tell where the hosts differ.
    private static func inFiles(
        _ hosts: [(FleetHost, Known<[HostFacts.HashedFile]>)]
    ) -> [(FleetHost, Known<String>)] {
        let known = hosts.compactMap { $0.1.value.map { Set($0.map(\.hash)) } }
        let common = known.dropFirst().reduce(known.first ?? []) { $0.intersection($1) }
        return hosts.map { host, files in
            (
                host,
                files.map { files in
                    let own = files.filter { !common.contains($0.hash) }
                    return own.isEmpty && !files.isEmpty ? "nothing more" : words(own)
                }
            )
        }
    }

    private static func difference(
        _ what: String, _ hosts: [(FleetHost, Known<String>)], _ consequence: String
    ) -> FleetDifference? {
        var values: [Known<String>] = []
        for (_, value) in hosts where !values.contains(value) { values.append(value) }
        // What no host can tell does not agree.
        guard values.count > 1 || values.first?.reason != nil else { return nil }
        return FleetDifference(
            what: what,
            groups: values.map { value in
                FleetDifference.Group(
                    value: value.value ?? "not known (\(value.reason?.reason ?? ""))",
                    hosts: hosts.filter { $0.1 == value }.map(\.0))
            }, consequence: consequence)
    }
}
