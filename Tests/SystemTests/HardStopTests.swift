// hard-stop-after: what is still there at the deadline is cut, told, and nothing else is.

import Demo
import Glibc
import Polling
import TestSupport
import Testing
import Unix

extension OperatorSystemTests {
    @Suite struct HardStops {
        @Test(arguments: ProxyKind.available)
        func cutWhatIsLeftAtTheDeadline(kind: ProxyKind) throws {
            let scene = try Scene(kind, hardStop: "2s")
            let loop = scene.loop
            scene.traffic.start(
                Load(
                    "tunnels",
                    .webSockets(clients: 6, framesPerSecond: 20, lifetimeMilliseconds: 60_000...60_000)),
                to: scene.address)
            scene.traffic.start(
                Load("long", .idle(clients: 4), path: "/poll/20000", timeout: .seconds(30)), to: scene.address
            )
            scene.traffic.start(Load("short", .idle(clients: 5), path: "/poll/1000"), to: scene.address)
            try loop.run(for: "all requests at the origin") { scene.origin.requests == 15 }
            try loop.run(for: "all tunnels") { scene.traffic.tally("tunnels")?.succeeded == 6 }
            let old = try #require(try scene.proxy.serving().first)
            try scene.reload()
            let ready = Instant.now()
            try loop.run(for: "the cut") {
                scene.traffic.tally("tunnels")?.tunnelsCut == 6
            }
            let span = Instant.now() - ready
            #expect(span > .milliseconds(1800), "\(kind) cut after \(span)")
            try loop.run(for: "the cut polls") { scene.traffic.tally("long")?.underway == 0 }
            #expect(scene.traffic.tally("long")?.failed == 4)
            #expect(scene.traffic.tally("short")?.succeeded == 5)
            try scene.wait(for: "the old worker's end") { kill(old, 0) != 0 }
            #expect(scene.proxy.program.errors.contains("Former worker (\(old)) exited with code 0 (Exit)"))
            // The tunnels came back, on the new worker.
            try loop.run(for: "new tunnels") { (scene.traffic.tally("tunnels")?.succeeded ?? 0) >= 12 }
            if kind == .mwproxy {
                let drain = try scene.reloadLog().attempts.flatMap(\.drains).first { $0.pid == old }
                #expect(drain?.cut == 10, "6 tunnels and 4 polls")
                #expect(drain?.exitCode == 0)
            }
        }

        @Test func holdEvenForAWorkerThatIsStuck() throws {
            guard ProxyKind.available.contains(.mwproxy) else { return }
            let scene = try Scene(.mwproxy, hardStop: "1s")
            scene.traffic.start(
                Load("long", .idle(clients: 1), path: "/poll/20000", timeout: .seconds(30)), to: scene.address
            )
            try scene.loop.run(for: "a request") { scene.origin.requests == 1 }
            let old = try #require(try scene.proxy.serving().first)
            kill(old, SIGSTOP)
            try scene.reload()
            // A second reload: the deadline outlives the master's own re-exec.
            try scene.reload()
            try scene.wait(for: "the stuck worker's end") { kill(old, 0) != 0 }
            try scene.wait(for: "its exit to be told") {
                scene.proxy.program.errors.contains("Former worker (\(old)) exited with code 137 (Killed)")
            }
        }
    }
}
