// What looking costs: reloadtop at one second beside `top`, with about 5,000 idle processes on the machine.

import Demo
import Glibc
import Polling
import TestSupport
import Unix

enum DashboardSection {
    private static let processes = 5000

    static func run(_ options: BenchOptions, into table: inout FigureTable) throws {
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        let subject = try Subject(options.subjects[1], origin: origin, on: loop)
        let folder = try ScratchFolder()
        // One group, so that one signal ends them all; bounded by number and by time.
        let crowd = try RunningProgram(
            "/bin/sh",
            ["-c", "i=0; while [ $i -lt \(processes) ]; do sleep 300 & i=$((i+1)); done; echo; wait"],
            in: folder, name: "crowd")
        try wait(for: "\(processes) idle processes", atMost: .seconds(60)) { crowd.output == "\n" }
        var shares: [[Double]] = [[], []]
        for _ in 0..<min(options.rounds, 3) {
            shares[0].append(try share(of: [try Program.system("top"), "-d", "1"]))
            shares[1].append(
                try share(of: [
                    try Program.ours("reloadtop"), "--interval", "1", "--master-socket",
                    subject.proxy.masterSocket,
                ]))
        }
        crowd.stop()
        origin.stop()
        table.add(
            "reloadtop (right) and top (left) at 1 s, \(processes) processes: CPU", unit: "%", shares[0],
            shares[1], target: 1.0)
    }

    /// CPU that a full-screen program uses over some seconds, in percent of one CPU, once it has settled.
    private static func share(of command: [String]) throws -> Double {
        let session = try TmuxSession(command, columns: 120, rows: 40)
        guard let pid = try session.pid else { throw ProgramError("no pid in tmux") }
        try session.wait(for: "a first screen") { rows in rows.contains { !$0.isEmpty } }
        let settling = Instant.now() + .seconds(2)
        try wait(for: "it to settle") { Instant.now() > settling }
        let before = Machine.cpuSeconds(pid)
        let start = Instant.now()
        try wait(for: "ten seconds") { Instant.now() - start >= .seconds(10) }
        let used = Machine.cpuSeconds(pid) - before
        if let status = try session.exitStatus {
            throw ProgramError("\(command[0]) ended with \(status): \(try session.screen())")
        }
        return used / (Double((Instant.now() - start).nanoseconds) / 1e9) * 100
    }
}
