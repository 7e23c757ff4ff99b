// The same report of the same scene, on our proxy and on HAProxy: `reloadtop --json` and `--once`.

import Demo
import Glibc
import Polling
import RuntimeAPI
import TestSupport
import Testing
import Unix

extension OperatorSystemTests {
    @Suite struct DashboardReports {
        private func report(_ scene: Scene, as user: ([String]) -> [String] = { $0 }) throws -> JSON {
            let command = user([
                try Program.ours("reloadtop"), "--json", "--master-socket", scene.proxy.masterSocket,
            ])
            let answer = try Program.run(command[0], Array(command.dropFirst()))
            #expect(answer.end == .exited(0), "\(answer.errors)")
            return try JSON(parsing: answer.output)
        }

        private func members(_ json: JSON?) -> [String] {
            guard case .object(let members)? = json else { return [] }
            return members.map(\.name)
        }

        @Test(arguments: ProxyKind.available)
        func tellsADrainAsItIs(kind: ProxyKind) throws {
            let scene = try Scene(kind, hardStop: "30s")
            scene.traffic.start(
                Load("held", .idle(clients: 7), path: "/poll/20000", timeout: .seconds(30)), to: scene.address
            )
            try scene.loop.run(for: "seven requests") { scene.origin.requests == 7 }
            let old = try #require(try scene.proxy.serving().first)
            try scene.reload()
            try scene.wait(for: "the new worker") {
                try scene.proxy.serving().first.map { $0 != old } == true
            }
            let json = try report(scene)
            #expect(
                members(json) == [
                    "schema", "time", "proxy", "master", "workers", "alerts", "reloads", "limits",
                ])
            #expect(json["schema"]?.integer == 1)
            #expect(json["proxy"]?["program"]?.string == kind.rawValue)
            #expect(json["proxy"]?["master_socket"]?.string == scene.proxy.masterSocket)
            #expect(json["master"]?["pid"]?.integer == Int64(scene.proxy.master))
            #expect(json["master"]?["reloads"]?.integer == 1)
            #expect(json["master"]?["failed_reloads"]?.integer == 0)
            let workers = json["workers"]?.array ?? []
            #expect(workers.count == 2)
            let draining = try #require(workers.first { $0["pid"]?.integer == Int64(old) })
            #expect(
                members(draining) == [
                    "pid", "state", "generation", "was", "connections", "uptime_s", "rss_bytes", "pss_bytes",
                    "cpu_percent", "kill_in_s", "descriptors", "descriptor_limit", "listening",
                ])
            #expect(draining["state"]?.string == "draining")
            #expect(draining["generation"]?.integer == 0)
            #expect(draining["connections"]?.integer == 7)
            let left = try #require(draining["kill_in_s"]?.double, "\(draining.text)")
            #expect(left > 15 && left <= 31)
            let serving = try #require(workers.first { $0["pid"]?.integer != Int64(old) })
            #expect(serving["state"]?.string == "serving")
            #expect(serving["generation"]?.integer == 1)
            #expect(serving["was"] == .null)
            #expect(serving["connections"]?.integer == 0)
        }

        /// Clients that are between two requests are the new worker's; a report tells it from the first look on.
        @Test func tellsWhatMoved() throws {
            let scene = try Scene(.mwproxy)
            let clients = try (0..<5).map { _ in try Connection(port: scene.port) }
            try scene.wait(for: "five clients") {
                try scene.proxy.ask("@1 show info").contains("CurrConns: 5\n")
            }
            try scene.reload()
            try scene.wait(for: "the old worker's end") {
                try scene.reloadLog().attempts.last?.drains.first?.ended != nil
            }
            let reload = try #require(try report(scene)["reloads"]?.array?.last)
            #expect(reload["moved"]?.text == #"{"idle":5,"tunnels":0,"refused":0,"stayed":[]}"#)
            #expect(reload["finished"]?.integer == 0 && reload["cut"]?.integer == 0)
            withExtendedLifetime(clients) {}
        }

        @Test(arguments: ProxyKind.available)
        func tellsAFailedReloadAndItsReason(kind: ProxyKind) throws {
            let scene = try Scene(kind)
            let serving = try #require(try scene.proxy.serving().first)
            try scene.proxy.configure(scene.text(edition: 2) + "    balanse roundrobin\n")
            scene.proxy.program.signal(SIGUSR2)
            try scene.wait(for: "the failure to be told") {
                try scene.proxy.processes().first { $0.type == "master" }?.line.contains("[failed: 1") == true
            }
            let json = try report(scene)
            #expect(json["master"]?["failed_reloads"]?.integer == 1)
            let alert = try #require(
                (json["alerts"]?.array ?? []).first { $0["kind"]?.string == "failed_reload" })
            #expect(alert["message"]?.string?.contains("balanse") == true, "\(alert.text)")
            let workers = json["workers"]?.array ?? []
            #expect(workers.count == 1)
            #expect(workers.first?["pid"]?.integer == Int64(serving))
            #expect(workers.first?["state"]?.string == "serving")
            #expect(workers.first?["generation"]?.integer == 0)
        }

        @Test(arguments: ProxyKind.available)
        func aPipeGetsPlainText(kind: ProxyKind) throws {
            let scene = try Scene(kind)
            let reloadtop = try Program.ours("reloadtop")
            let answer = try Program.run(reloadtop, ["--once", "--master-socket", scene.proxy.masterSocket])
            #expect(answer.end == .exited(0), "\(answer.errors)")
            #expect(!answer.output.utf8.contains(0x1b))
            #expect(answer.output.contains("\(scene.proxy.master)"))
        }

        @Test(.enabled(if: getuid() == 0), arguments: ProxyKind.available)
        func anOrdinaryUserGetsWhatMayBeKnown(kind: ProxyKind) throws {
            let scene = try Scene(kind)
            chmod(scene.folder.path, 0o755)
            // The binaries may lie where an ordinary user cannot go: a copy in the open folder.
            let copy = scene.folder.file("reloadtop")
            _ = try Program.run("/bin/cp", [try Program.ours("reloadtop"), copy])
            let command = Program.asOrdinaryUser([copy, "--json", "--pid", "\(scene.proxy.master)"])
            let answer = try Program.run(command[0], Array(command.dropFirst()))
            #expect(answer.end == .exited(0), "\(answer.errors)")
            let json = try JSON(parsing: answer.output)
            let workers = json["workers"]?.array ?? []
            #expect(workers.count == 1)
            #expect(workers.first?["pss_bytes"] == .null, "another user's memory map is not readable")
            #expect(answer.errors.contains("no permission to read smaps_rollup of process"))
            #expect(answer.errors.contains("run as root"))
            let isOpen = access(scene.proxy.masterSocket, F_OK) == 0
            #expect(isOpen, "the socket is there, and asking it is root's right")
        }
    }
}
