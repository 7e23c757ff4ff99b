// The part of a safe reload that changes something: written down, placed, asked for, watched, judged, and put back where
// the load fails.

import Glibc
import Observing
import ReloadModel
import RuntimeAPI
import Unix

extension SafeReload {
    /// How long a load may take to begin after a request that ended in an error.
    private static let doubt = Duration.seconds(2)
    /// How often peers are asked.
    private static let peersPeriod = Duration.milliseconds(300)

    /// Does what `prepare` has planned, and tells what came of it. No signal ends it before the file is the old or the new
    /// one for good.
    package func perform(_ plan: ReloadPlan) -> ReloadReport {
        if wishes.settle > .zero {
            let begin = watch.began + Self.shortestBefore
            if begin > .now() { say("watch: the health before it, for two seconds") }
            _ = watch.wait(until: begin) { _ -> Bool? in nil }
        }
        let tables = watch.tables(of: watch.serving)
        if let obstacle {
            abandon()
            return .refused([obstacle], plan: plan)
        }
        do throws(Errno) {
            try note("begun", plan, kept: plan.change?.kept, [])
        } catch {
            abandon()
            return .refused(
                ["the audit log \(audit.path) cannot be written (\(error)): nothing was changed"], plan: plan)
        }
        var report = placed(plan) ?? asked(plan, tables)
        report.plan = plan
        report.kept = placement.flatMap { $0.hasPlaced ? $0.kept : nil }
        report.auditLog = audit.path
        report.hashNow = plan.change.flatMap { change in try? FileState(of: change.path).hash }
        do throws(Errno) {
            try note("ended", plan, kept: report.kept, Self.members(report))
        } catch {
            report.reasons.append("the audit log could not be written: \(error)")
        }
        JournalEntry.send(
            "reload of \(master.program.rawValue) master \(master.pid): \(report.verdict.rawValue)"
                + (report.reasons.isEmpty ? "" : " (\(report.reasons.joined(separator: "; ")))"),
            [
                ("RELOADTOP_VERDICT", report.verdict.rawValue), ("RELOADTOP_MASTER", "\(master.pid)"),
                ("RELOADTOP_FILE", plan.change?.path ?? ""), ("RELOADTOP_HASH", report.hashNow ?? ""),
                ("RELOADTOP_CALLER", Caller.now(proc).processes),
            ])
        return report
    }

    /// What has come since the question and forbids to begin.
    private var obstacle: String? {
        if let interruption { return interruption }
        if let standstill { return standstill }
        watch.look()
        return watch.hasItsMaster ? nil : "master \(master.pid) ended before anything was changed"
    }

    // MARK: Writing down

    /// - Parameter kept: where the old file is, or will be, kept.
    private func note(
        _ event: String, _ plan: ReloadPlan, kept: String?, _ more: [JSON.Member]
    ) throws(Errno) {
        func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
        try audit.append(
            action: "reload", target: "\(master.program.rawValue) master \(master.pid)",
            [
                .init("event", .string(event)), .init("file", text(plan.change?.path)),
                .init("sha256_before", text(plan.change?.hashBefore)),
                .init("sha256_after", text(plan.change?.hashAfter)), .init("kept", text(kept)),
                .init("drift", text(plan.drift)),
            ] + loaded + more)
    }

    /// What runs, for whoever holds the disk against it later.
    private var loaded: [JSON.Member] {
        let runs = runs()
        let files = runs?.files?.map { file in
            JSON.object([
                .init("file", .string(file.path)), .init("sha256", .string(HostState.hash(file.bytes))),
            ])
        }
        return [
            .init("worker", runs?.worker.json ?? .null), .init("runs", files.map { .array($0) } ?? .null),
        ]
    }

    private static func members(_ report: ReloadReport) -> [JSON.Member] {
        [
            .init("verdict", .string(report.verdict.rawValue)),
            .init("exit_status", .integer(Int64(report.verdict.exitStatus))),
            .init("reasons", .array(report.reasons.map { .string($0) })),
            .init("sha256_now", report.hashNow.map { .string($0) } ?? .null),
        ]
    }

    // MARK: Steps

    /// Puts the file in place. Nil: go on.
    private func placed(_ plan: ReloadPlan) -> ReloadReport? {
        guard let placement else { return nil }
        do throws(PlacementFault) {
            try placement.place()
            say("place: \(placement.path); the old one is \(placement.kept)")
            return nil
        } catch {
            var facts = ReloadFacts(.notAsked(error.description))
            facts.restoration = takeBack()
            placement.discard()
            return ReloadReport(facts)
        }
    }

    private func asked(_ plan: ReloadPlan, _ tables: TablesReport?) -> ReloadReport {
        let ending = LoadEnding(before: watch.look())
        let start = Instant.now()
        let deadline = start + wishes.timeout
        say("reload: \(plan.way)")
        let request = ReloadAsking(master, unit: unit, proc: proc)
        var facts = ReloadFacts(awaitLoad(request, ending, until: deadline))
        request.end()
        let milliseconds = Double((Instant.now() - start).nanoseconds) / 1_000_000
        var report = ReloadReport(.unknown)
        switch facts.load {
        case .notAsked:
            facts.restoration = takeBack()
            return ReloadReport(facts)
        case .failed:
            report.loadMilliseconds = milliseconds
            report.hasFailedToLoad = true
            report.log = fail(&facts, ending, request.lines)
        case .succeeded:
            report.loadMilliseconds =
                ending.record(in: watch.snapshot)?.durationMilliseconds.value ?? milliseconds
            say("load: worker \(watch.serving ?? 0) serves")
            settle(&facts, ending, until: deadline)
            if facts.load == .succeeded {
                report.tables = carried(tables, watch.tables(of: watch.serving))
                facts.worse += lost(report.tables)
                if case .jobFailed(let why) = request.proceed() { facts.worse.append(why) }
                if let signal = ReloadWatch.interruption { facts.worse.append("\(signal) ended the watch") }
            }
        case .unseen: report.log = request.lines
        }
        report.verdict = facts.verdict
        report.reasons = facts.reasons
        if case .unseen = facts.load {
            report.reasons += successor()
            if placement?.hasPlaced == true { report.reasons.append("the new file stays in place") }
        }
        report.record = ending.record(in: watch.snapshot)
        report.record?.author = Caller.now(proc).author
        report.milliseconds = Double((Instant.now() - start).nanoseconds) / 1_000_000
        return report
    }

    /// How the load ends. No signal ends this: a file would stay in place that nobody has judged.
    private func awaitLoad(
        _ request: ReloadAsking, _ ending: LoadEnding, until deadline: Instant
    ) -> ReloadFacts.Load {
        var judge = LoadJudge(ending, doubt: Self.doubt)
        var isTold = false
        let load = watch.wait(until: deadline, isInterruptible: false, { request.descriptors }) { snapshot in
            if !isTold, let signal = ReloadWatch.interruption {
                say("\(signal): this ends when the load has been judged")
                isTold = true
            }
            return watch.hasItsMaster
                ? judge.end(request.proceed(), snapshot, now: .now())
                : .unseen("the master has ended while it loaded")
        }
        return load ?? judge.late(request.proceed(), watch.snapshot)
    }

    /// The master that loaded has ended since: what runs now, another has loaded.
    private func hasLostMaster(_ ending: LoadEnding) -> Bool {
        !watch.hasItsMaster || ending.isRestarted(in: watch.snapshot)
    }

    /// What there is in the place of a master that has ended: whoever supervises it starts another soon.
    private func successor() -> [String] {
        _ = watch.wait(until: .now() + Self.doubt, isInterruptible: false) { _ in
            watch.observer.isAlive ? true : nil
        }
        let now = watch.observer.master.pid
        guard watch.observer.isAlive else { return ["none has taken its place"] }
        return now == master.pid ? [] : ["master \(now) has taken its place, with what lies on the disk"]
    }

    /// Puts the old file back, where one was placed.
    private func takeBack() -> ReloadFacts.Restoration {
        guard let placement, placement.hasPlaced else { return .notNeeded }
        do throws(PlacementFault) {
            try placement.restore()
            say("put back: \(placement.path)")
            return drift?.reason.map { .restoredUnloaded($0) } ?? .restored
        } catch {
            return .failed(error.description)
        }
    }

    /// The lines of the failed attempt, from whoever has them.
    private func failureLog(_ ending: LoadEnding, _ answer: [String]) -> [String] {
        let said = answer.filter { !$0.hasPrefix("Success=") && $0 != "--" }
        if !said.isEmpty { return said }
        let record = ending.record(in: watch.snapshot)
        return (record?.verdict.log ?? []).map(\.text)
    }

    // MARK: After the load

    /// Looks why it failed, and takes the file back, if nobody serves with it; what the proxy said.
    private func fail(_ facts: inout ReloadFacts, _ ending: LoadEnding, _ answer: [String]) -> [String] {
        _ = watch.wait(until: .now() + Self.doubt, isInterruptible: false) { snapshot in
            ending.record(in: snapshot)?.reason == nil ? nil : true
        }
        watch.look()
        let log = failureLog(ending, answer)
        facts.serves = watch.serving != nil
        facts.cause = FailureReason.first(in: log) ?? ending.record(in: watch.snapshot)?.reason
        if hasLostMaster(ending) {
            facts.load = .unseen("the load failed, and the master has ended after it")
        } else if ending.isServedAnew(in: watch.snapshot) {
            facts.load = .unseen("the load failed, and yet another worker serves")
        } else {
            facts.restoration = takeBack()
        }
        return log
    }

    private func settle(_ facts: inout ReloadFacts, _ ending: LoadEnding, until deadline: Instant) {
        let end = min(deadline, .now() + wishes.settle)
        if wishes.settle > .zero {
            say("watch: the health after it, for \(wishes.settle.milliseconds / 1000) s")
        }
        _ = watch.wait(until: end) { _ in hasLostMaster(ending) ? true : nil }
        if wishes.waitsForPeers { facts.peersMissing = awaitPeers(ending, until: deadline) }
        if wishes.waitsForDrain {
            say("drain: until every old worker has ended")
            facts.isDrained =
                watch.wait(until: deadline) { snapshot in
                    hasLostMaster(ending) || ending.isDrained(in: snapshot) ? true : nil
                } ?? false
            // How the last one ended is told soon after.
            if facts.isDrained == true {
                _ = watch.wait(until: .now() + Self.peersPeriod) { _ -> Bool? in nil }
            }
        }
        watch.look()
        if hasLostMaster(ending) {
            facts = ReloadFacts(.unseen("the master has ended after the load"))
            return
        }
        facts.serves = watch.serving != nil
        if facts.isDrained == false { facts.draining = ending.drainers(in: watch.snapshot) }
        if let health = ending.record(in: watch.snapshot)?.verdict.health.value, health.judgement == .worse {
            facts.worse += health.reasons
        }
    }

    /// What is missing at the end: empty for nothing.
    private func awaitPeers(_ ending: LoadEnding, until deadline: Instant) -> [String] {
        say("peers: until each is connected and has all")
        while true {
            let old = watch.snapshot.workers.filter { $0.state.isOld }.map(\.pid)
            let missing = PeerProgress.missing(
                watch.tables(of: watch.serving), of: old.compactMap { watch.tables(of: $0) })
            if missing.isEmpty || hasLostMaster(ending) || Instant.now() >= deadline
                || ReloadWatch.interruption != nil
            {
                return missing
            }
            _ = watch.wait(until: .now() + Self.peersPeriod) { _ -> Bool? in nil }
        }
    }

    private func carried(_ before: TablesReport?, _ after: TablesReport?) -> [TableCarried] {
        guard let before, let after, after.tablesText.value != nil else { return [] }
        return before.tables.map { table in
            TableCarried(
                name: table.name, before: table.used,
                after: after.tables.first { $0.name == table.name }?.used)
        }
    }

    private func lost(_ tables: [TableCarried]) -> [String] {
        var (before, after) = (RunningState(), RunningState())
        for table in tables {
            before.tables[table.name] = table.before
            after.tables[table.name] = table.after
        }
        return before.lostTables(in: after)
    }
}

/// Whether peers have all, from what the workers say.
enum PeerProgress {
    /// - Parameters:
    ///   - new: of the serving worker.
    ///   - old: of workers that still drain: they teach the new one as their local peer.
    static func missing(_ new: TablesReport?, of old: [TablesReport]) -> [String] {
        guard let new else { return ["peers: the serving worker cannot be asked"] }
        if let why = new.peersText.reason { return ["peers: \(why.reason)"] }
        var missing = (new.peersText.value ?? []).compactMap(learning)
        for peer in new.peers where !peer.isLocal {
            if !peer.isConnected {
                missing.append("peer \(peer.name) of \(peer.section) is not connected (\(peer.status))")
            }
            missing += lags(peer)
        }
        for peer in old.flatMap(\.peers) where peer.isLocal && peer.isConnected { missing += lags(peer) }
        return missing
    }

    /// A section whose worker has not learned everything yet, from the old worker and from the other hosts: the two
    /// lowest of its flags say that it has.
    private static func learning(_ line: String) -> String? {
        guard line.contains(" resync_timeout="), !line.contains(" resync_timeout=<PAST>") else { return nil }
        func field(_ name: String) -> Substring? {
            line.split(separator: " ").first { $0.hasPrefix(name) }?.dropFirst(name.count)
        }
        let flags = field("flags=0x").flatMap { UInt64($0, radix: 16) }
        return (flags ?? 3) & 3 == 3 ? nil : "peers section \(field("id=") ?? "?") still learns"
    }

    private static func lags(_ peer: PeerStanding) -> [String] {
        peer.lags.map {
            "peer \(peer.name) lacks \(Wording.count($0.changes, "change")) of table \($0.table)"
        }
    }
}
