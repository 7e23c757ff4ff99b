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
    fileprivate struct Figures {
        /// Percent of one CPU.
        var cpu: [Double] = []
        /// Resident, in MiB.
        var memory: [Double] = []
        /// The p99 of new connections through the proxy, divided by the one without a watcher just before and after.
        var rise: [Double] = []
        /// Milliseconds of CPU a second that the proxy spends on being watched.
        var asked: [Double] = []
    }

    /// What one measurement brought.
    fileprivate struct Measured {
        var cpu = 0.0
        var memory = 0.0
        /// Milliseconds.
        var p99 = 0.0
        /// The proxy's CPU without other load, milliseconds a second.
        var asked = 0.0
    }

    private static let mostRounds = 5

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
        try check(subject)
        var figures: [Watcher: Figures] = [:]
        for round in 0..<min(options.rounds, mostRounds) {
            let watchers = Watcher.allCases.filter { $0 != .nobody }
            var before = try measure(.nobody, subject, on: loop)
            for watcher in round.isMultiple(of: 2) ? watchers : watchers.reversed() {
                let watched = try measure(watcher, subject, on: loop)
                let after = try measure(.nobody, subject, on: loop)
                figures[watcher, default: Figures()].add(watched, quiet: [before, after])
                before = after
            }
        }
        clients.finish()
        try loop.run(for: "the clients to leave", atMost: .seconds(10)) { clients.isFinished }
        crowd.stop()
        origin.stop()
        add(figures, to: &table)
    }

    /// The scene is what it is said to be.
    private static func check(_ subject: Subject) throws {
        let workers = subject.proxy.children
        let held = try workers.map { pid in
            let info = try AdminClient.ask(subject.proxy.masterSocket, "@!\(pid) show info")
            let line = info.split(separator: "\n").first { $0.hasPrefix("CurrConns: ") }
            return line.flatMap { Int($0.dropFirst("CurrConns: ".count)) } ?? 0
        }
        let all = held.reduce(0, +)
        guard workers.count == oldWorkers + 1, all == workers.count * connectionsEach else {
            throw ProgramError("the scene has \(workers.count) workers with \(all) connections: \(held)")
        }
    }

    private static func add(_ figures: [Watcher: Figures], to table: inout FigureTable) {
        guard let own = figures[.reloadtop] else { return }
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
            table.add(
                "p99 of the watched proxy ÷ unwatched: \(peer.rawValue) (left), reloadtop (right)",
                hundredths(median(theirs.rise)), hundredths(median(own.rise)), target: "-", isGood: true)
        }
        table.add(
            "CPU of the proxy for being watched: hatop (left), reloadtop (right)",
            "\(hundredths(median(figures[.hatop]?.asked ?? []))) ms/s",
            "\(hundredths(median(own.asked))) ms/s", target: "-", isGood: true)
    }

    /// Some seconds of a full-screen program, once it has settled: first alone with the proxy, then beside new
    /// connections to it.
    private static func measure(
        _ watcher: Watcher, _ subject: Subject, on loop: EventLoop
    ) throws -> Measured {
        let session = try watcher.command(subject).map { try TmuxSession($0, columns: 120, rows: 40) }
        let pid = try session?.pid
        try session?.wait(for: "a first screen") { rows in rows.contains { !$0.isEmpty } }
        try loop.run(load: .seconds(2))
        var measured = Measured()
        let idle = subject.cpuSeconds
        try loop.run(load: .seconds(4))
        measured.asked = (subject.cpuSeconds - idle) / 4 * 1000
        let traffic = Traffic(on: loop)
        traffic.start(Load("new", .connections(perSecond: 1000)), to: subject.address)
        let before = pid.map(Machine.cpuSeconds) ?? 0
        let start = Instant.now()
        try loop.run(load: .seconds(10))
        let seconds = Double((Instant.now() - start).nanoseconds) / 1e9
        traffic.finish()
        try loop.run(for: "the last responses", atMost: .seconds(15)) { traffic.isFinished }
        if let pid, let session {
            measured.cpu = (Machine.cpuSeconds(pid) - before) / seconds * 100
            measured.memory = Double(Machine.resident(pid)) / 1_048_576
            if let status = try session.exitStatus {
                throw ProgramError("\(watcher.rawValue) ended with \(status): \(try session.screen())")
            }
        }
        measured.p99 = traffic.reports.first?.all.p99 ?? .nan
        return measured
    }
}

extension DashboardSection.Figures {
    fileprivate mutating func add(
        _ watched: DashboardSection.Measured, quiet: [DashboardSection.Measured]
    ) {
        func mean(_ figure: KeyPath<DashboardSection.Measured, Double>) -> Double {
            quiet.reduce(0) { $0 + $1[keyPath: figure] } / Double(quiet.count)
        }
        cpu.append(watched.cpu)
        memory.append(watched.memory)
        rise.append(watched.p99 / mean(\.p99))
        asked.append(max(0, watched.asked - mean(\.asked)))
    }
}
