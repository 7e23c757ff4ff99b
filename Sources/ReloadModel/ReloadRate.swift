// How often a proxy is reloaded, who asks for it, and how many old workers that makes where each drains for a while.

/// The load attempts of the last ten minutes.
package struct ReloadRate: Equatable, Sendable {
    /// Seconds that are looked back.
    package static let span = 600.0

    package static let remedy =
        "let whoever asks merge its changes and wait; change servers, weights and maps by commands instead "
        + "('set server', 'set map')"

    package var count: Int
    /// Seconds between two of them, over the newest ones; nil where fewer than two are dated.
    package var period: Double?
    /// The same of those that leave an old worker behind: not of loads that fail.
    package var turnover: Double?
    /// Who asked most of the time, and how often: `14 of them by kill ← loop.sh (uid 0 root)`; nil: not known.
    package var author: String?
    /// Seconds that a worker drains: the mean of those that have ended, or the longest so far where that is longer.
    package var drain: Double?
    /// Seconds after which hard-stop-after ends each old worker; nil where one has none or it is not known.
    package var hardStop: Double?
    /// Mean memory of an old worker, in bytes.
    package var bytes: Int?

    /// How many of the newest are taken for the period.
    private static let newest = 20

    /// Nil where none is known.
    package init?(_ look: Snapshot) {
        let recent = look.reloads.filter { record in
            guard let at = record.at, record.result != .restart else { return false }
            return Double(look.time - at) / 1_000_000 < Self.span
        }
        // A master that is younger than that has counted all of them.
        let counted = look.master.uptime < Self.span ? look.master.reloads.value ?? 0 : 0
        count = max(recent.count, counted)
        guard count > 0 else { return nil }
        if recent.count >= counted, let dated = Self.period(of: recent) {
            period = dated
        } else if counted > 1 {
            period = look.master.uptime / Double(counted)
        }
        let successes = recent.filter { $0.result != .failed }
        turnover = successes.count == recent.count ? period : Self.period(of: successes)
        author = Self.author(of: recent)
        let ended = recent.flatMap { record in
            record.verdict.drains.compactMap { drain in
                drain.endedAt.flatMap { end in record.at.map { Double(end - $0) / 1_000_000 } }
            }
        }.filter { $0 >= 0 }
        let old = look.workers.filter(\.state.isOld)
        // Those that drain have done so since the next one came.
        let youngest = look.workers.filter { !$0.state.isOld }.map(\.uptime).min() ?? 0
        let drained = old.isEmpty ? nil : max(youngest, old.map(\.uptime).sorted().dropLast().last ?? 0)
        drain = ended.isEmpty ? drained : max(ended.reduce(0, +) / Double(ended.count), drained ?? 0)
        let stops = old.map { $0.hardStopAfter.value?.milliseconds }
        hardStop =
            stops.contains { $0 == nil } ? nil : stops.compactMap(\.self).max().map { Double($0) / 1000 }
        let sizes = old.compactMap { $0.memory.proportional.value ?? $0.memory.resident.value }
        if !sizes.isEmpty { bytes = sizes.reduce(0, +) / sizes.count }
    }

    private static func period(of records: [ReloadRecord]) -> Double? {
        let times = records.suffix(newest).compactMap(\.at)
        guard let first = times.first, let last = times.last, last > first else { return nil }
        return Double(last - first) / 1_000_000 / Double(times.count - 1)
    }

    private static func author(of records: [ReloadRecord]) -> String? {
        var groups: [String: [ReloadAuthor]] = [:]
        for case let author? in records.map(\.author) where author.certainty != .unknown {
            groups[author.origin { $0.name }, default: []].append(author)
        }
        let most = groups.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }?.value
        guard let most, let last = most.last else { return nil }
        // Whoever asks again and again mostly has another process each time, below one that stays.
        let staying = last.chain.last { link in most.count > 1 && most.allSatisfy { $0.chain.contains(link) }
        }
        let words = last.origin { $0 == staying ? "\($0.name) (pid \($0.pid))" : $0.name }
        return "\(most.count) of them by \(words)"
    }

    /// `31 reloads in 10 minutes > limit 10, one every 1.2s, 30 of them by sh ← loop.sh (uid 0 root); old workers drain
    /// for 35s: 29 (261 MiB) at a time, up to 1500 (13.2 GiB) at hard-stop-after 30m00s`
    package func words(limit: Int) -> String {
        var words = "\(count) reloads in 10 minutes > limit \(limit)"
        if let period { words += ", one every \(Self.short(period))" }
        if let author { words += ", \(author)" }
        if let turnover, let drain, drain > turnover {
            words +=
                "; old workers drain for \(Wording.span(seconds: drain)): \(pile(drain, turnover)) at a time"
            if let hardStop, hardStop > drain {
                words +=
                    ", up to \(pile(hardStop, turnover)) at hard-stop-after \(Wording.span(seconds: hardStop))"
            }
        }
        return words
    }

    /// How many there are at a time where each stays for `span`, and their memory.
    private func pile(_ span: Double, _ period: Double) -> String {
        let count = Int((min(span, 1e7) / max(period, 0.001)).rounded(.up))
        let size = bytes.map { Int(min(Double(count) * Double($0), 1e18)) }
        return "\(count)" + (size.map { " (\(Wording.size(bytes: $0)))" } ?? "")
    }

    /// `1.2s` below ten seconds.
    private static func short(_ seconds: Double) -> String {
        seconds < 10 ? Wording.tenths(seconds) + "s" : Wording.span(seconds: seconds)
    }
}

extension ReloadAuthor {
    /// How many processes of a chain are named.
    private static let nearest = 3

    /// Who asked, the nearest first, without what differs from one time to the next: `kill ← loop.sh (uid 0 root)`.
    fileprivate func origin(_ name: (ProcessLink) -> String) -> String {
        let names = chain.reversed().prefix(Self.nearest).map(name).filter { !$0.isEmpty }
        let who = names.isEmpty ? via ?? "somebody" : names.joined(separator: " ← ")
        return who + (uid.map { " (uid \($0)" + (user.map { " \($0)" } ?? "") + ")" } ?? "")
    }
}
