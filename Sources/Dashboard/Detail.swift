// Everything that is known of the master under the cursor, and of a worker's process for its own page; and for each
// thing that is not known: why, and what would make it known.

import ReloadModel
import TextUI

enum Detail {
    struct Line {
        var name: String
        var value: String
        var unknown: Unknown?
        var style = Style.value
    }

    /// Rows that the panel would fill below its rule.
    static func height(_ state: State) -> Int { lines(state).count }

    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        let lines = lines(state)
        frame.putRule(title(state), right: "Enter closes", focused: state.focus == .processes, area)
        let glyphs = Glyphs(repertoire: frame.repertoire)
        for (offset, line) in lines.prefix(area.height - 1).enumerated() {
            let row = area.row + 1 + offset
            frame.put(line.name, at: area.column + 2, row, width: 13, style: .label)
            let x = area.column + 16
            let width = area.column + area.width - 1 - x
            if let unknown = line.unknown {
                let remedy = unknown.remedy.map { " \(glyphs.to) \($0)" } ?? ""
                let end = frame.put("? ", at: x, row, width: width, style: Style(.yellow).bold)
                frame.put(unknown.reason + remedy, at: end, row, width: width - 2, style: .value)
            } else {
                frame.put(line.value, at: x, row, width: width, style: line.style)
            }
        }
    }

    private static func title(_ state: State) -> String {
        if state.selected == TreeRow.foldedPID { return "Old workers" }
        return "Master \(state.picture?.snapshot.master.pid ?? 0)"
    }

    private static func lines(_ state: State) -> [Line] {
        guard let snapshot = state.picture?.snapshot else { return [] }
        if state.selected == TreeRow.foldedPID {
            return [Line(name: "folded", value: "t unfolds them; then choose one")]
        }
        return lines(snapshot.master, snapshot)
    }

    private static func line<Value>(_ name: String, _ known: Known<Value>, _ format: (Value) -> String)
        -> Line
    {
        switch known {
        case .known(let value): Line(name: name, value: format(value))
        case .unknown(let unknown): Line(name: name, value: "?", unknown: unknown)
        }
    }

    private static func memory(_ sample: MemorySample) -> [Line] {
        [
            line("memory PSS", sample.proportional) {
                "\(Figures.bytes($0)), shared pages divided among their users"
            },
            line("memory RSS", sample.resident) { "\(Figures.bytes($0)), shared pages counted in full" },
        ]
    }

    static func meaning(_ state: WorkerState) -> String {
        switch state {
        case .starting: "loads its configuration; not serving yet"
        case .serving: "accepts new connections"
        case .draining: "accepts nothing new, serves what it has"
        case .held: "has no client left, but something keeps it"
        case .overdue: "should have ended at its hard-stop-after"
        }
    }

    /// What is known of a worker's process.
    static func facts(_ worker: WorkerSample, _ snapshot: Snapshot, _ state: State) -> [Line] {
        var lines: [Line] = []
        lines.append(
            line("generation", worker.generation) { generation in
                let was = worker.was.map { ", relative process [was: \($0)]" } ?? ""
                return
                    (generation == 0
                    ? "0, the first start" : "\(generation), started by load attempt \(generation)")
                    + was
            })
        lines.append(
            line("connections", worker.connections) { count in
                let peak = state.picture?.history[worker.pid]?.compactMap(\.self).max() ?? count
                let change =
                    worker.connectionsPerSecond.value.map { ", \(Figures.change($0)) a second" } ?? ""
                let age = worker.connectionsAge.map { ", counted \(Figures.span($0)) ago" } ?? ""
                return "\(count)\(change), peak \(peak) seen\(age)"
            })
        lines.append(Line(name: "age", value: Figures.span(worker.uptime)))
        lines += memory(worker.memory)
        lines.append(line("CPU", worker.cpuPercent) { "\(Figures.percent($0)) % of one processor" })
        return lines
    }

    private static func lines(_ master: MasterSample, _ snapshot: Snapshot) -> [Line] {
        var lines = [
            Line(name: "program", value: snapshot.proxy.program.rawValue),
            line("version", snapshot.proxy.version) { $0 },
            line("master socket", snapshot.proxy.masterSocket) { $0 },
            line("reloads", master.reloads) { "\(Figures.counted($0, "attempt")) since the start" },
            line("failed", master.failedReloads) { "\($0) by the master's own count" },
            Line(name: "age", value: Figures.span(master.uptime)),
        ]
        if master.reloadPending {
            lines.append(
                Line(
                    name: "signals", value: "a reload signal is pending: the master does not get to it",
                    style: Style(.red).bold))
        }
        lines += memory(master.memory)
        lines.append(line("CPU", master.cpuPercent) { "\(Figures.percent($0)) % of one processor" })
        return lines
    }
}
