// What looking costs, the machine and the proxy that is looked at: reloadtop at one second beside the tools that people
// use today, in a scene as on a bad night: 20 workers with 10,000 connections among 5,000 processes.

import Demo
import Glibc
import Polling
import TestSupport
import Unix

enum DashboardSection {
    private static let processes = 5000
    private static let oldWorkers = 19
    private static let connectionsEach = 500

    /// Who looks.
    private enum Watcher: String, CaseIterable {
        case nobody, top, htop, hatop, reloadtop

        func command(_ subject: Subject) throws -> [String]? {
            switch self {
            case .nobody: nil
            case .top: [try Program.system("top"), "-d", "1"]
            case .htop: [try Program.system("htop"), "-d", "10"]
            case .hatop:
                [try Program.system("hatop"), "-i", "1", "-s", subject.proxy.folder.file("worker.sock")]
            case .reloadtop:
                [
                    try Program.ours("reloadtop"), "--interval", "1", "--master-socket",
                    subject.proxy.masterSocket,
                ]
            }
        }
    }

    /// One watcher's figures, one of a round each.
    private struct Figures {
        /// Percent of one CPU.
        var cpu: [Double] = []
        /// Resident, in MiB.
        var memory: [Double] = []
        /// Of new connections, in milliseconds.
        var p99: [Double] = []
    }

    static func run(_ options: BenchOptions, into table: inout FigureTable) throws {
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        let subject = try Subject(options.subjects[1], origin: origin, on: loop, drain: "1h")
        let folder = try ScratchFolder()
        // One group, so that one signal ends them all; bounded by number and by time.
        let crowd = try RunningProgram(
            "/bin/sh",
            ["-c", "i=0; while [ $i -lt \(processes) ]; do sleep 900 & i=$((i+1)); done; echo; wait"],
            in: folder, name: "crowd")
        try wait(for: "\(processes) idle processes", atMost: .seconds(60)) { crowd.output == "\n" }
        let clients = Traffic(on: loop)
        for generation in 0...oldWorkers {
            if generation > 0 { try subject.proxy.reload() }
            let name = "generation \(generation)"
            clients.start(Load(name, .idle(clients: connectionsEach)), to: subject.address)
            try loop.run(for: "the clients of \(name)", atMost: .seconds(20)) {
                clients.tally(name)?.succeeded == connectionsEach
            }
        }
        var figures: [Watcher: Figures] = [:]
        for round in 0..<min(options.rounds, 3) {
            let order = round.isMultiple(of: 2) ? Watcher.allCases : Watcher.allCases.reversed()
            for watcher in order {
                try measure(watcher, subject, on: loop, into: &figures[watcher, default: Figures()])
            }
        }
        clients.finish()
        try loop.run(for: "the clients to leave", atMost: .seconds(10)) { clients.isFinished }
        crowd.stop()
        origin.stop()
        add(figures, to: &table)
    }

    private static func add(_ figures: [Watcher: Figures], to table: inout FigureTable) {
        guard let own = figures[.reloadtop], let quiet = figures[.nobody] else { return }
        let scene =
            "\(oldWorkers + 1) workers, \((oldWorkers + 1) * connectionsEach) connections,"
            + " \(processes) processes"
        for peer in [Watcher.top, .htop, .hatop] {
            guard let theirs = figures[peer] else { continue }
            table.add(
                "reloadtop (right) and \(peer.rawValue) (left) at 1 s, \(scene): CPU", unit: "%", theirs.cpu,
                own.cpu, target: peer == .hatop ? nil : 1)
        }
        let cpu = median(own.cpu)
        let memory = median(own.memory)
        table.add("the same: reloadtop's CPU", "", "\(hundredths(cpu)) %", target: "≤ 1 %", isGood: cpu <= 1)
        table.add(
            "the same: reloadtop's memory (RSS)", "", "\(hundredths(memory)) MiB", target: "≤ 20 MiB",
            isGood: memory <= 20)
        for peer in [Watcher.top, .htop, .hatop] {
            guard let theirs = figures[peer] else { continue }
            let rise = { (watched: Figures) in
                median(zip(watched.p99, quiet.p99).map { $0 / $1 })
            }
            table.add(
                "p99 of the watched proxy ÷ unwatched: \(peer.rawValue) (left), reloadtop (right)",
                hundredths(rise(theirs)), hundredths(rise(own)), target: "-", isGood: true)
        }
    }

    /// Ten seconds of a full-screen program, once it has settled, beside new connections to the proxy.
    private static func measure(
        _ watcher: Watcher, _ subject: Subject, on loop: EventLoop, into figures: inout Figures
    ) throws {
        let session = try watcher.command(subject).map { try TmuxSession($0, columns: 120, rows: 40) }
        let pid = try session?.pid
        try session?.wait(for: "a first screen") { rows in rows.contains { !$0.isEmpty } }
        try loop.run(load: .seconds(2))
        let traffic = Traffic(on: loop)
        traffic.start(Load("new", .connections(perSecond: 1000)), to: subject.address)
        let before = pid.map(Machine.cpuSeconds) ?? 0
        let start = Instant.now()
        try loop.run(load: .seconds(10))
        let seconds = Double((Instant.now() - start).nanoseconds) / 1e9
        traffic.finish()
        try loop.run(for: "the last responses", atMost: .seconds(15)) { traffic.isFinished }
        if let pid, let session {
            figures.cpu.append((Machine.cpuSeconds(pid) - before) / seconds * 100)
            figures.memory.append(Double(Machine.resident(pid)) / 1_048_576)
            if let status = try session.exitStatus {
                throw ProgramError("\(watcher.rawValue) ended with \(status): \(try session.screen())")
            }
        }
        if let report = traffic.reports.first { figures.p99.append(report.all.p99) }
    }
}
