// The demo with a real proxy: it starts, reloads on demand, and leaves nothing behind, also after SIGKILL.

import Demo
import Glibc
import Polling
import TestSupport
import Testing
import Unix

extension OperatorSystemTests {
    @Suite struct DemoEnds {
        @Test(arguments: ProxyKind.available)
        func startsReloadsAndLeavesNothing(kind: ProxyKind) throws {
            let loop = try EventLoop()
            var events: [Demo.Event] = []
            let demo = try Demo.start(
                program: kind.program, automatic: false, host: Program.ours("reloadtop"), on: loop
            ) { events.append($0) }
            try loop.run(for: "the proxy") { demo.master != nil }
            let master = try #require(demo.master)
            let before = try AdminClient.ask(demo.masterSocket, "show proc")
            #expect(before.contains("\(master)"))
            demo.reload()
            try loop.run(for: "a second generation") {
                let table = (try? AdminClient.ask(demo.masterSocket, "show proc")) ?? ""
                return table.contains("# old workers") && table != before && events.count == 2
            }
            #expect(events == [.started(master: master), .reloaded(broken: false)])
            demo.stop()
            #expect(kill(master, 0) != 0)
            #expect(access(demo.directory, F_OK) != 0)
        }

        @Test func nothingOutlivesADashboardThatWasKilled() throws {
            // The stage is the only child; without the dashboard's end of the channel it must take all with it.
            let folder = try ScratchFolder()
            let reloadtop = try Program.ours("reloadtop")
            let session = try TmuxSession(
                [reloadtop, "--demo"], columns: 80, rows: 24, environment: ["TMPDIR": folder.path])
            let dashboard = try #require(try session.pid)
            let directory = try wait(for: "the demo's folder") {
                try File.names(in: folder.path).first { $0.hasPrefix("reloadtop-demo-") }
            }
            let socket = folder.file(directory) + "/master.sock"
            let pids = try wait(for: "a master with a worker") { () -> [pid_t]? in
                let table = (try? AdminClient.ask(socket, "show proc")) ?? ""
                let pids = table.split(separator: "\n").compactMap { line in
                    line.split(separator: " ").first.flatMap { pid_t($0) }
                }
                return pids.count >= 2 ? pids : nil
            }
            kill(dashboard, SIGKILL)
            try wait(for: "the end of \(pids)") { pids.allSatisfy { kill($0, 0) != 0 } }
            try wait(for: "the folder's removal") { access(folder.file(directory), F_OK) != 0 }
        }
    }
}
