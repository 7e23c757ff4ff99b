// What the reloads themselves say: failed, restarted, too many, and what the last one did.

struct ReloadAlerts {
    let look: Snapshot
    let thresholds: AlertThresholds

    private func age(_ record: ReloadRecord) -> Double? {
        record.at.map { Double(look.time - $0) / 1_000_000 }
    }

    private func name(_ record: ReloadRecord) -> String {
        record.attempt.map { "reload \($0)" } ?? "the last reload"
    }

    /// The last attempt that succeeded, when it is younger than `seconds`.
    private func success(youngerThan seconds: Double) -> ReloadRecord? {
        look.reloads.last { $0.result == .success }.flatMap { record in
            age(record).flatMap { $0 < seconds ? record : nil }
        }
    }

    var restart: [Alert] {
        guard let last = look.reloads.last(where: { $0.result == .restart }), let seconds = age(last),
            seconds < thresholds.restartShownFor
        else { return [] }
        var detail = last.reason.map { ": \($0)" } ?? ""
        if let author = last.author, author.certainty != .unknown { detail += "; by \(author.words)" }
        return [
            Alert(
                kind: .restart, severity: .critical,
                message: "restarted \(Wording.span(seconds: seconds)) ago, not reloaded\(detail)",
                remedy: "use 'reloadtop reload' or 'systemctl reload': a restart cuts every connection and "
                    + "empties counters and stick tables")
        ]
    }

    var failure: [Alert] {
        let finished = look.reloads.filter { $0.result != .running && $0.result != .unknown }
        let inARow = finished.reversed().prefix { $0.result == .failed }.count
        let own = look.master.failedReloads.value ?? 0
        guard inARow > 0 || own > 0 else { return [] }
        let last = inARow > 0 ? finished.last : nil
        var message = "last reload failed"
        if let seconds = last.flatMap(age) { message += " \(Wording.span(seconds: seconds)) ago" }
        if let reason = last?.reason { message += ": \(reason)" }
        let times = max(inARow, own)
        if times > 1 { message += " (\(times) in a row)" }
        if let serving = look.workers.first(where: { $0.state == .serving }) {
            let generation = serving.generation.value.map { "generation \($0), " } ?? ""
            message += "; \(generation)pid \(serving.pid) still serves"
        }
        return [
            Alert(
                kind: .failedReload, severity: .critical, message: message,
                remedy:
                    "mend the file, test it (\(look.proxy.program.rawValue) -c -f …) and reload again; what "
                    + "ran before is in force")
        ]
    }

    var worse: [Alert] {
        guard let last = success(youngerThan: thresholds.worseShownFor), let seconds = age(last),
            let health = last.verdict.health.value, health.judgement == .worse
        else { return [] }
        return [
            Alert(
                kind: .worseAfterReload, severity: .critical,
                message: "\(name(last)) \(Wording.span(seconds: seconds)) ago made it worse: "
                    + health.reasons.joined(separator: ", "),
                remedy: "compare the configurations; put the former one back and reload")
        ]
    }

    var undone: [Alert] {
        guard let last = success(youngerThan: thresholds.worseShownFor),
            let found = last.verdict.undone.value,
            !found.isEmpty
        else { return [] }
        return [
            Alert(
                kind: .stateUndone, severity: .warning,
                message: "\(name(last)) undid what was set by hand: \(Self.list(found))",
                remedy: "set it again, or write it into the file; server-state-file keeps it over reloads")
        ]
    }

    var reset: [Alert] {
        guard let last = success(youngerThan: thresholds.resetShownFor) else { return [] }
        var alerts: [Alert] = []
        if let lost = last.verdict.lostTables.value, !lost.isEmpty {
            alerts.append(
                Alert(
                    kind: .tablesLost, severity: .warning,
                    message: "\(name(last)) emptied stick tables: \(Self.list(lost))",
                    remedy: "a 'peers' section with this host in it, named by each table, hands them over"))
        }
        if let survival = last.verdict.tickets.value, survival.isMishap, let why = survival.reason {
            alerts.append(
                Alert(
                    kind: .ticketsLost, severity: .warning,
                    message: "\(name(last)) lost the TLS session tickets: \(why)",
                    remedy:
                        "put a new key behind the others in the file and let each take its turn: the last but one "
                        + "makes tickets, all read them"))
        }
        if let requests = last.verdict.countersReset, requests > 0 {
            alerts.append(
                Alert(
                    kind: .resetCounters, severity: .info,
                    message: "counters start again with \(name(last)): the worker before had counted "
                        + Wording.count(requests, "request"),
                    remedy: "monitoring: take a falling counter as a new start"))
        }
        return alerts
    }

    var rate: [Alert] {
        guard let rate = ReloadRate(look), rate.count > thresholds.reloadsPerTenMinutes else { return [] }
        return [
            Alert(
                kind: .reloadRate, severity: .warning,
                message: rate.words(limit: thresholds.reloadsPerTenMinutes),
                remedy: ReloadRate.remedy)
        ]
    }

    /// A file that somebody has edited and nobody loaded. One whose load has failed is told as that.
    var drift: [Alert] {
        guard let edit = look.configuration.edit, !failedLast else { return [] }
        let seconds = edit.at.map { max(0, Double(look.time - $0) / 1_000_000) }
        if let seconds, seconds < thresholds.driftAfter { return [] }
        let names = edit.names.prefix(3).joined(separator: ", ") + (edit.names.count > 3 ? " …" : "")
        let ago = seconds.map { "edited \(Wording.span(seconds: $0)) ago" } ?? "gone"
        return [
            Alert(
                kind: .drift, severity: .warning,
                message: edit.isCompared
                    ? "\(names) \(edit.names.count == 1 ? "is" : "are") not what runs: \(ago) and never loaded"
                    : "\(names) \(edit.names.count == 1 ? "was" : "were") \(ago), after this worker had read it: "
                        + "what runs may be something else",
                remedy: "the next reload or restart, whoever asks for it, brings this into force: look "
                    + "('reloadtop reload --dry-run'), then 'reloadtop reload --accept-drift', or put the old file back"
            )
        ]
    }

    private var failedLast: Bool {
        look.reloads.last { $0.result != .running && $0.result != .unknown }?.result == .failed
    }

    private static func list(_ sentences: [String]) -> String {
        sentences.prefix(3).joined(separator: "; ")
            + (sentences.count > 3 ? "; and \(sentences.count - 3) more" : "")
    }
}
