// What the sources tell between two looks: process events, log lines and the end of a configuration check.

import Glibc
import ReloadModel
import Unix

extension Observer {
    /// Takes in what the event sources have. True: something happened that a fresh `sample` would show.
    package func drainEvents() -> Bool {
        var isNews = false
        let now = WallClock.now().microseconds
        // Whoever asks for a reload started before it.
        authors.drain()
        for (event, at) in watch?.family.drain() ?? [] {
            take(event, at: at)
            archive?.follow(history.records)
            isNews = true
        }
        for line in log.drain() {
            take(line, now: now)
            isNews = true
        }
        if let check, let verdict = check.result() {
            self.check = nil
            let reason = FailureReason.first(in: verdict.lines)
            let program = master.program.rawValue
            history.explainLast(
                reason.map { "\($0) (by '\(program) -c' afterwards)" }
                    ?? "\(Self.unseen)the log was not seen, and '\(program) -c' finds the files good now")
            isNews = true
        }
        if history.isLoading {
            lastLoadLook = .now()
            // Versions whose master stays as it is after a load: the new worker's readiness is asked for.
            if !history.executesAfterLoad { isNews = true }
        }
        if watch == nil, Instant.now() >= nextSearch { isNews = findSuccessor(now: now) || isNews }
        announce(now: now)
        return isNews
    }

    private func take(_ event: ProcessEvent, at now: Int64) {
        guard let watch else { return }
        switch event {
        case .masterExecuted:
            let wasLoading = history.isLoading
            history.masterExecuted(at: now, source: .processEvents)
            if !wasLoading {
                takeLastWords(watch, at: now)
                attribute(at: now)
                tell("master \(master.pid) executes itself: a reload begins", at: now)
            }
        case .childStarted(let pid):
            let isOfLoad = history.workerStarted(
                pid, at: now, source: .processEvents, canBegin: !watch.family.tellsExecutions)
            watch.meet(pid)
            if isOfLoad {
                started.insert(pid)
                tell("worker \(pid) started", at: now)
            }
        case .childExited(let pid, let end):
            tellExit(of: pid, " with code \(end.code)", isClean: end == .exited(0), at: now)
            close(pid, end, at: now)
            history.workerExited(pid, at: now)
        case .childEnded(let pid):
            tellExit(of: pid, "", isClean: true, at: now)
            close(pid, nil, at: now)
            history.workerExited(pid, at: now)
        case .masterExited(let end):
            tell("master \(master.pid) has ended with code \(end.code)", at: now, .critical)
        case .programStarted: break
        case .lost:
            tell("the kernel dropped process events: the list may miss some", at: now, .warning)
        }
    }

    private func tellExit(of pid: Int32, _ how: String, isClean: Bool, at now: Int64) {
        let known = watch?.worker(pid)?.last
        guard started.remove(pid) != nil || known != nil else { return }
        var text = "worker \(pid)"
        if let generation = known?.generation.value { text += " (generation \(generation))" }
        text += " exited\(how)"
        var severity = LogLine.Severity.info
        if !isClean { severity = .warning }
        if let known {
            let left = watch?.worker(pid)?.connectionsBeforeDeadline ?? 0
            if watch?.worker(pid)?.mayHaveBeenStopped(at: now) == true, left > 0 {
                text += ": \(Wording.count(left, "connection")) cut by hard-stop-after"
                severity = .warning
            }
            if known.state == .serving && !history.isLoading && !isClean { severity = .critical }
        }
        tell(text, at: now, severity)
    }

    private func take(_ line: SourceLine, now: Int64) {
        let parsed = ProxyLine(line.text)
        if let at = line.at ?? (line.isPast ? nil : now) {
            let isOfThisMaster = watch.map { at >= ProcTree.startTime($0.startTicks) - 2_000_000 } ?? true
            if isOfThisMaster {
                history.read(parsed, at: at, source: log.recordSource, isPast: line.isPast)
            }
            let read = LogLine(at: at, severity: parsed.severity, source: log.source, text: line.text)
            lines.append(read)
            book.take(read, records: history.records)
            if case .hardStop(let remaining) = parsed.meaning, let pid = parsed.pid {
                book.hardStopped(pid, remaining: remaining)
            }
            unitEndings.take(line.text, at: at, isOfSystemd: line.writer == 1)
            if line.writer == 1, line.text.hasPrefix("Reloading ") {
                unitReload = line
                attribute(at: at)
            }
        }
        if line.at == nil { untimedPast.take(parsed, line.text) }
    }

    // MARK: Authors and endings

    /// Says who is likely to have asked for the reload that began at `at`.
    private func attribute(at: Int64) {
        // systemd writes its line before it starts the unit's kill.
        let unit = unitReload.flatMap { line in
            line.at.flatMap { abs(at - $0) < 3_000_000 ? line.text : nil }
        }
        history.attribute(
            authors.author(
                at: at, master: master.pid, socket: master.masterSocket.value,
                unit: unit.map { text in
                    "systemd (\(text.split(separator: " ").dropFirst().first.map(String.init) ?? "unit"))"
                }), at: at)
    }

    /// The serving worker may be gone when the reload is over: its counters are asked for as it begins.
    private func takeLastWords(_ watch: MasterWatch, at: Int64) {
        guard let serving = last?.workers.first(where: { $0.state == .serving }),
            let path = watch.worker(serving.pid)?.adminPaths?.first(where: { $0.hasPrefix("/") })
        else { return }
        watch.survey.takeLastWords(of: serving.pid, at: .unix(path: path), now: at)
    }

    /// How a worker that drained has ended, and who was cut. `end`: nil where it was not seen.
    private func close(_ pid: Int32, _ end: ProcessEnd?, at now: Int64) {
        guard let watched = watch?.worker(pid), let known = watched.last else { return }
        let left = watched.mayHaveBeenStopped(at: now) ? watched.connectionsBeforeDeadline : 0
        let how =
            switch end {
            case _ where left > 0: "hard-stop-after"
            case .exited(let code): "exit \(code)"
            case .killed(let signal): "signal \(signal)"
            case nil: "gone"
            }
        let isClean = end == nil || end == .exited(0)
        if !isClean {
            cutLately = cutLately.filter { now - $0.value.at < Self.endOfAll }
            cutLately[pid] = (now, known.connections.value ?? 0)
        }
        book.ended(pid, at: now, how: how, cut: isClean ? left : max(left, known.connections.value ?? 0))
    }

    func tell(_ text: String, at: Int64, _ severity: LogLine.Severity = .info) {
        lines.append(LogLine(at: at, severity: severity, source: .process, text: text))
    }

    /// Says how the newest load ended.
    func announce(now: Int64) {
        guard let record = history.records.last, record.result != .running, record.result != .unknown,
            record.at != announced?.at || record.result != announced?.result,
            // Where the master can be asked, its answer brings the number of the attempt.
            record.attempt != nil || record.result == .restart || master.masterSocket.value == nil,
            watch?.awaitsLog != true
        else { return }
        defer { announced = record }
        guard last != nil else { return }
        let number = record.attempt.map { " \($0)" } ?? ""
        let took = record.durationMilliseconds.value.map { " after \(Int($0)) ms" } ?? ""
        let why = record.reason.map { ": \($0)" } ?? ""
        switch record.result {
        case .success: tell("reload\(number) succeeded\(took)", at: now)
        case .failed: tell("reload\(number) failed\(took)\(why)", at: now, .critical)
        case .restart: tell("restart, not a reload\(why)", at: now, .critical)
        case .running, .unknown: break
        }
    }
}
