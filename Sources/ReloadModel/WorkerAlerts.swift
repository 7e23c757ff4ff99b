// What is wrong with one worker.

struct WorkerAlerts {
    let worker: WorkerSample
    let look: Snapshot
    let thresholds: AlertThresholds

    func all(_ memory: AlertJudge.WorkerMemory) -> [Alert] {
        overdue + spinning(memory) + stranded(memory) + held
    }

    private var overdue: [Alert] {
        guard worker.state == .overdue else { return [] }
        let late = worker.killIn.value.map { " by \(Wording.span(seconds: -$0))" } ?? ""
        let cut = worker.connections.value.map { Wording.count($0, "connection") } ?? "its connections"
        return [
            Alert(
                kind: .overdue, severity: .critical,
                message: "\(name) is past its hard-stop-after\(late)\(keptBy(", kept by"))",
                remedy: "it does not come to its own end: kill -KILL \(worker.pid) cuts \(cut)")
        ]
    }

    private var held: [Alert] {
        guard worker.state == .held else { return [] }
        return [
            Alert(
                kind: .held, severity: .warning, message: "\(name) is held\(keptBy(" by"))",
                remedy: "close that session; ask one command a connection (socat, not a held terminal)")
        ]
    }

    private func spinning(_ memory: AlertJudge.WorkerMemory) -> [Alert] {
        guard memory.busyLooks >= thresholds.spinningLooks else { return [] }
        let percent = Int((worker.cpuPercent.value ?? 0).rounded())
        let silent = worker.traffic.value == nil ? " and does not answer" : " and moves no traffic"
        return [
            Alert(
                kind: .spinning, severity: worker.state.isOld ? .warning : .critical,
                message: "\(name) spins: \(percent) % CPU (>= \(Int(thresholds.spinningPercent)) %) over "
                    + "\(memory.busyLooks) looks\(silent)",
                remedy: worker.state.isOld
                    ? "take 'show tasks' and 'show activity' of it for the report, then kill -TERM \(worker.pid)"
                    : "take 'show tasks' and 'show activity' of it for the report, then reload")
        ]
    }

    private func stranded(_ memory: AlertJudge.WorkerMemory) -> [Alert] {
        guard let since = memory.strandedSince, let places = worker.listening.value, !places.isEmpty else {
            return []
        }
        let seconds = Double(look.time - since) / 1_000_000
        guard seconds > thresholds.strandedAfter else { return [] }
        let serving = look.workers.first { $0.state == .serving }?.listening.value
        let removed = serving.map { open in places.filter { !open.contains($0) } } ?? []
        let list = places.prefix(3).joined(separator: ", ") + (places.count > 3 ? " …" : "")
        let what =
            removed.isEmpty
            ? "\(name) should drain but has listened on \(list) for \(Wording.span(seconds: seconds)) more"
            : "\(name) should drain but is the only one that listens on \(removed.joined(separator: ", "))"
        return [
            Alert(
                kind: .strandedListener, severity: removed.isEmpty ? .warning : .critical,
                message: what + ": it may take connections with an old configuration",
                remedy: "is it stopped (state T)? kill -CONT \(worker.pid), else kill -USR1 \(worker.pid) to "
                    + "make it drain")
        ]
    }

    private var name: String {
        "worker \(worker.pid)" + (worker.generation.value.map { " (generation \($0))" } ?? "")
    }

    private func keptBy(_ joint: String) -> String {
        let holders = (worker.holders.value ?? []).filter { $0.count > 0 }
        return holders.isEmpty ? "" : "\(joint) \(holders.map(\.words).joined(separator: " and "))"
    }
}
