// What breaks while a reload is under way, and what is lost by it: docs/faults.md names the test of each of its rows.
// Faults of the workers here, of the master in FaultsOfMasterTests, of what is around them in FaultsAroundTests.

import Demo
import Glibc
import Polling
import RuntimeAPI
import TestSupport
import Testing
import Unix

@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: geteuid() == 0)) struct FaultSystemTests {}

extension Scene {
    /// Requests on kept and on new connections; the frontend answers them itself.
    func startLightTraffic() {
        traffic.start(
            Load("kept", .keepAlive(clients: 10, perSecondEach: 20), path: "/own"), to: address,
            ramp: .milliseconds(50))
        traffic.start(Load("new", .connections(perSecond: 100), path: "/own"), to: address)
    }

    /// For a frontend: answers to `/own` that need no server.
    static let ownAnswer =
        "http-request return status 200 content-type text/plain string own if { path /own }"

    /// Requests of `load` are at the origin, with whoever serves now.
    func hold(_ load: Load) throws {
        let before = origin.requests
        traffic.start(load, to: address)
        try loop.run(for: "\(load.name) at the origin") { origin.requests == before + (load.clients ?? 0) }
    }

    func wait(forLine text: String) throws {
        do {
            try wait(for: text) { proxy.program.errors.contains(text) }
        } catch let error as TimedOut {
            throw ProgramError("\(error) in \(proxy.program.errors)")
        }
    }

    /// A new connection with a request on it.
    func ask(_ path: String = "/own") throws -> Connection {
        let client = try Connection(port: port)
        try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return client
    }

    /// Asks for a reload and keeps the new worker before its file; returns its pid and the file's writing end.
    func beginReload() throws -> (worker: pid_t, file: Int32) {
        let file = proxy.configurationFile
        let before = Set(proxy.children)
        unlink(file)
        try #require(mkfifo(file, 0o600) == 0)
        proxy.program.signal(SIGUSR2)
        var end: Int32 = -1
        try wait(for: "a worker that reads") {
            end = open(file, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            return end >= 0
        }
        unlink(file)
        return (try #require(proxy.children.first { !before.contains($0) }), end)
    }

    /// Gives the waiting worker its file; the next one finds the same.
    func goOn(_ file: Int32, _ text: String) throws {
        try File.write(proxy.configurationFile, text)
        defer { close(file) }
        // It may have been killed at the first byte.
        signal(SIGPIPE, SIG_IGN)
        try? File.writeAll(file, text.utf8)
    }
}

extension FaultSystemTests {
    @Suite struct NewWorker {
        /// Where it is broken before READY, and how.
        enum Moment: CaseIterable {
            case reading, binding, listening, givingSockets, sayingReady, stopped, withoutDescriptors

            /// For strace, once it reads its file.
            var rule: String? {
                switch self {
                case .reading, .stopped: nil
                case .binding: "bind:signal=KILL:when=1"
                case .listening: "listen:signal=KILL:when=1"
                case .givingSockets: "sendmsg:signal=KILL:when=1"
                case .sayingReady: "sendmsg:signal=KILL:when=2"
                case .withoutDescriptors: "socket:error=EMFILE"
                }
            }

            /// What the master says of it.
            func words(of worker: pid_t) -> String {
                switch self {
                case .stopped: "worker (\(worker)) is not ready within 1000ms: killing it"
                case .withoutDescriptors: "cannot create listening socket (Too many open files)"
                default: "Failed to load worker (\(worker)) exited with code 137 (Killed)"
                }
            }
        }

        @Test func beforeReadyChangesNothing() throws {
            let scene = try Scene(
                .mwproxy, .init(global: "tune.reload.ready-timeout 1s", frontend: Scene.ownAnswer))
            scene.startLightTraffic()
            let serving = try scene.proxy.serving()
            // A port more, so that there is something to bind and to give.
            let added = "frontend added\n    bind 127.0.0.1:\(try FreePort.find())\n    default_backend app\n"
            for (number, moment) in Moment.allCases.enumerated() {
                let (worker, file) = try scene.beginReload()
                let injection = try moment.rule.map {
                    try Injection([$0], into: worker, in: scene.folder)
                }
                switch moment {
                case .reading: kill(worker, SIGKILL)
                case .stopped: kill(worker, SIGSTOP)
                default: break
                }
                try scene.goOn(file, scene.text(edition: 2) + added)
                try scene.wait(forLine: moment.words(of: worker))
                let rest = "reload \(number + 1) failed; worker \(serving[0]) stays current"
                try scene.wait(forLine: rest)
                try injection?.end()
                #expect(try scene.proxy.ask("show startup-logs").contains(rest), "\(moment)")
                try scene.wait(for: "its end") { scene.proxy.children == serving }
            }
            try scene.wait(forEdition: 1)
            try scene.reload()
            try scene.wait(forEdition: 2)
            scene.expectNothingFailed(try scene.finishTraffic())
        }

        /// The master holds the listeners: whoever connects waits for the worker of the next reload.
        @Test func afterReadyWithoutExitOnFailureCostsWhatItServed() throws {
            let scene = try Scene(
                .mwproxy, .init(global: "master-worker no-exit-on-failure", frontend: Scene.ownAnswer))
            try scene.hold(Load("polls", .idle(clients: 3), path: "/poll/30000"))
            try scene.reload()
            let fresh = try #require(try scene.proxy.serving().first)
            try scene.hold(Load("its own", .idle(clients: 2), path: "/poll/30000"))
            kill(fresh, SIGKILL)
            try scene.wait(forLine: "Current worker (\(fresh)) exited with code 137 (Killed)")
            try scene.wait(forLine: "no-exit-on-failure: no worker serves until the next reload")
            let waiting = try (0..<20).map { _ in try scene.ask() }
            try scene.loop.run(for: "its own clients to see it") {
                scene.traffic.tally("its own")?.underway == 0
            }
            try scene.reload()
            for client in waiting { #expect(try client.readToEnd().hasSuffix("own")) }
            #expect(scene.traffic.tally("its own")?.failed == 2)
            #expect(scene.traffic.tally("polls")?.underway == 3, "the older worker goes on")
        }

        /// As HAProxy's: the supervisor starts it again.
        @Test func afterReadyEndsTheMasterWithItsCode() throws {
            let scene = try Scene(.mwproxy)
            try scene.reload()
            let fresh = try #require(try scene.proxy.serving().first)
            kill(fresh, SIGKILL)
            #expect(try scene.proxy.program.end() == .exited(137))
            #expect(
                scene.proxy.program.errors.contains(
                    "exit-on-failure: killing every processes with SIGTERM"))
        }
    }

    @Suite struct OldWorker {
        enum Successor: CaseIterable { case comesUp, fails }

        /// It serves until READY; when it is killed before, the worker that is being loaded is waited for.
        @Test(arguments: Successor.allCases)
        func killedBeforeReadyCostsWhatItServed(_ successor: Successor) throws {
            let scene = try Scene(.mwproxy, .init(frontend: Scene.ownAnswer))
            let old = try #require(try scene.proxy.serving().first)
            try scene.hold(Load("polls", .idle(clients: 3), path: "/poll/30000"))
            let (worker, file) = try scene.beginReload()
            kill(old, SIGKILL)
            try scene.wait(forLine: "Current worker (\(old)) exited with code 137 (Killed)")
            try scene.wait(forLine: "reload 1 goes on; new connections wait for its worker")
            let waiting = try (0..<20).map { _ in try scene.ask() }
            switch successor {
            case .comesUp:
                try scene.goOn(file, scene.text(edition: 2))
                for client in waiting { #expect(try client.readToEnd().hasSuffix("own")) }
                #expect(try scene.proxy.serving() == [worker])
                try scene.loop.run(for: "the polls to see it") { scene.traffic.tally("polls")?.underway == 0 }
                #expect(scene.traffic.tally("polls")?.failed == 3)
            case .fails:
                try scene.goOn(file, "nonsense\n")
                #expect(try scene.proxy.program.end() == .exited(137))
                let errors = scene.proxy.program.errors
                #expect(errors.contains("reload 1 failed; no worker serves"), "\(errors)")
                #expect(errors.contains("exit-on-failure: killing every processes with SIGTERM"))
            }
        }

        /// The first batch has been taken when the second is about to leave.
        @Test func killedAsItsConnectionsMoveCostsThoseThatAreStillThere() throws {
            let scene = try Scene(.mwproxy, .init(frontend: Scene.ownAnswer))
            let old = try #require(try scene.proxy.serving().first)
            let count = 200
            scene.traffic.start(Load("idle", .idle(clients: count), path: "/own"), to: scene.address)
            try scene.loop.run(for: "the clients") { scene.traffic.tally("idle")?.succeeded == count }
            // It says that two proxies have stopped and that it drains, then it sends batches of 64.
            let injection = try Injection(["sendmsg:signal=KILL:when=5"], into: old, in: scene.folder)
            try scene.reload()
            try scene.wait(forLine: "Former worker (\(old)) exited with code 137 (Killed)")
            try injection.end()
            let worker = try #require(try scene.proxy.serving().first)
            let info = try scene.proxy.ask("@!\(worker) show info").split(separator: "\n")
            let moved = try #require(
                info.first { $0.hasPrefix("CurrConns: ") }.flatMap { Int($0.dropFirst(11)) })
            #expect(moved > 0 && moved < count && moved % 64 == 0, "\(moved)")
            try scene.loop.run(for: "the others to see it") {
                scene.traffic.tally("idle")?.closedIdle == count - moved
            }
            #expect(scene.traffic.tally("idle")?.failed == 0)
        }
    }
}
