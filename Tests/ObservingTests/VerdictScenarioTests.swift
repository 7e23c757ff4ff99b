// Incidents as they really happen, on both proxies: what the observer makes of them.

import Demo
import Glibc
import Observing
import ReloadModel
import TestSupport
import Testing
import Unix

/// A proxy with an HTTP frontend over two servers, and an origin of its own that answers with one status.
final class ServedProxy {
    let proxy: RunningProxy
    let port: UInt16
    let originPort: UInt16
    private(set) var observer: Observer
    private(set) var last: Snapshot

    init(
        _ kind: ProxyKind = .haproxy, global: String = "", thresholds: AlertThresholds = AlertThresholds()
    ) throws {
        let port = try FreePort.find()
        let originPort = try FreePort.find()
        (self.port, self.originPort) = (port, originPort)
        proxy = try RunningProxy(kind) { folder in
            Self.configuration(
                folder: folder, port: port, originPort: originPort, status: 200, global: global)
        }
        var options = ObserverOptions(thresholds: thresholds)
        // Whoever asks less often waits longer after an answer that a stall has made dear, perhaps beyond the reload.
        options.surveyPeriod = .seconds(1)
        observer = Observer(try Observer.find(pid: proxy.master), options: options)
        last = observer.sample()
    }

    static func configuration(
        folder: ScratchFolder, port: UInt16, originPort: UInt16, status: Int, global: String
    ) -> String {
        """
        global
          stats socket \(folder.file("worker.sock")) mode 600 level admin
          \(global)
        defaults
          mode http
          timeout connect 2s
          timeout client 60s
          timeout server 60s
        frontend web
          bind 127.0.0.1:\(port)
          default_backend app
        backend app
          server s1 127.0.0.1:\(originPort) weight 10
          server s2 127.0.0.1:\(originPort) weight 20
        frontend origin
          bind 127.0.0.1:\(originPort)
          http-request return status \(status)

        """
    }

    func configure(status: Int) throws {
        try proxy.configure(
            Self.configuration(
                folder: proxy.folder, port: port, originPort: originPort, status: status, global: ""))
    }

    /// One request on a connection of its own.
    func request() throws {
        let client = try Connection(port: port)
        try client.send("GET / HTTP/1.0\r\n\r\n")
        _ = try client.readToEnd()
    }

    /// Waits for events, some milliseconds at most, and takes them in; false: there were none.
    @discardableResult func takeEvents(atMost milliseconds: Int32 = 50) -> Bool {
        var polled = observer.eventDescriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&polled, nfds_t(polled.count), milliseconds) > 0 else { return false }
        _ = observer.drainEvents()
        return true
    }

    @discardableResult func look(
        for what: String, atMost limit: Duration = .patience, meanwhile: () throws -> Void = {},
        until condition: (Snapshot) -> Bool
    ) throws -> Snapshot {
        do {
            return try wait(for: what, atMost: limit) {
                try meanwhile()
                _ = observer.drainEvents()
                last = observer.sample()
                return condition(last) ? last : nil
            }
        } catch {
            throw ProgramError("\(error)\n\(last)")
        }
    }
}

@Suite(.serialized) struct VerdictScenarioTests {
    /// A server that was drained by hand is UP again, and errors that a reload brought are told.
    @Test(arguments: ProxyKind.allCases)
    func aReloadThatMadeItWorseAndUndidADrain(kind: ProxyKind) throws {
        let served = try ServedProxy(kind)
        let began = WallClock.now().microseconds
        // Both know maintenance, HAProxy drains as well.
        let state = kind == .haproxy ? "drain" : "maint"
        _ = try served.proxy.ask("@1 set server app/s2 state \(state)")
        _ = try served.proxy.ask("@1 set server app/s1 weight 3")
        try served.look(for: "some seconds before", meanwhile: { try served.request() }) { _ in
            WallClock.now().microseconds - began > 6_000_000
        }
        try served.configure(status: 503)
        served.proxy.program.signal(SIGUSR2)
        let look = try served.look(for: "a verdict", meanwhile: { try served.request() }) { look in
            look.reloads.last?.verdict.health.value?.judgement == .worse
                && look.reloads.last?.verdict.undone.value != nil
        }
        let verdict = try #require(look.reloads.last?.verdict)
        let undone = try #require(verdict.undone.value)
        let words = kind == .haproxy ? "drained" : "set to maintenance"
        #expect(undone.contains("server app/s2 was \(words) by hand, is UP again"), "\(undone)")
        #expect(undone.contains("weight of server app/s1 was 3 by hand, is 10 again"), "\(undone)")
        let health = try #require(verdict.health.value)
        #expect(health.before.serverErrorsPerSecond == 0)
        #expect(health.before.requestsPerSecond > 1)
        #expect(health.after.serverErrorsPerSecond > 1)
        #expect(health.reasons.contains { $0.hasPrefix("5xx 0.0/s") })
        #expect(look.alerts.contains { $0.kind == .worseAfterReload && $0.severity == .critical })
        #expect(look.alerts.contains { $0.kind == .stateUndone })
        #expect(!verdict.steps.isEmpty)
        #expect(!verdict.drains.isEmpty)
    }

    @Test func aStoppedMasterWithAReloadWaitingIsStuck() throws {
        let served = try ServedProxy()
        kill(served.proxy.master, SIGSTOP)
        defer { kill(served.proxy.master, SIGCONT) }
        // Of two signals that wait together the kernel delivers SIGUSR2 first.
        try wait(for: "the stop") { ProcTree().stat(served.proxy.master)?.state == "T" }
        kill(served.proxy.master, SIGUSR2)
        let look = try served.look(for: "the alert") { look in
            look.alerts.contains { $0.kind == .stuckMaster && $0.message.contains("SIGUSR2") }
        }
        let alert = try #require(look.alerts.first)
        #expect(alert.kind == .stuckMaster)
        #expect(alert.severity == .critical)
        #expect(alert.remedy == "kill -CONT \(served.proxy.master)")
        kill(served.proxy.master, SIGCONT)
        try served.look(for: "the reload that waited") { look in
            look.reloads.last?.result == .success && !look.alerts.contains { $0.kind == .stuckMaster }
        }
    }

    /// A worker that is stopped when its successor comes keeps its listeners.
    @Test func aStoppedOldWorkerIsStrandedWithItsListener() throws {
        let served = try ServedProxy()
        let old = try #require(served.last.workers.first?.pid)
        kill(old, SIGSTOP)
        defer { kill(old, SIGCONT) }
        served.proxy.program.signal(SIGUSR2)
        let look = try served.look(for: "the alert") { look in
            look.alerts.contains { $0.kind == .strandedListener }
        }
        let alert = try #require(look.alerts.first { $0.kind == .strandedListener })
        #expect(alert.message.contains("worker \(old)"))
        #expect(alert.message.contains("127.0.0.1:\(served.port)"))
        #expect(alert.remedy?.contains("kill -CONT \(old)") == true)
    }

    /// Debian's HAProxy has Lua: a task that only gives way to itself burns a CPU and moves nothing.
    @Test func aTaskThatNeverEndsSpins() throws {
        let folder = try ScratchFolder()
        let script = try folder.write(
            "spin.lua", "core.register_task(function() while true do core.yield() end end)\n")
        // Other work on the machine leaves it less than a whole CPU.
        var thresholds = AlertThresholds()
        thresholds.spinningPercent = 25
        let served = try ServedProxy(global: "lua-load \(script)", thresholds: thresholds)
        let look = try served.look(for: "the alert", meanwhile: { poll(nil, 0, 300) }) { look in
            look.alerts.contains { $0.kind == .spinning }
        }
        let alert = try #require(look.alerts.first)
        #expect(alert.severity == .critical)
        #expect(alert.message.contains("moves no traffic"))
    }

    /// Old workers that a limit of memory cannot hold: the limit is what a small part of their size leaves.
    @Test func memoryThatGrowsTowardsTheLimitIsCritical() throws {
        var thresholds = AlertThresholds()
        thresholds.shareThatMatters = 0
        // The host of the test has more memory than any test may use: time is what is set short of the slope.
        thresholds.timeLeftCritical = 1e12
        thresholds.timeLeftWarning = 2e12
        let served = try ServedProxy(thresholds: thresholds)
        var clients: [Connection] = []
        for generation in 1...3 {
            let client = try Connection(port: served.port)
            try client.send("GET / HTTP/1.1\r\n")
            clients.append(client)
            try served.look(for: "the client") { $0.workers.first?.connections.value == 1 }
            served.proxy.program.signal(SIGUSR2)
            try served.look(for: "generation \(generation)") { look in
                look.workers.first?.generation.value == generation
                    && look.workers.filter(\.state.isOld).count == generation
            }
        }
        let look = try served.look(for: "the alert") { look in
            look.alerts.contains { $0.kind == .stacking && $0.severity == .critical }
        }
        let alert = try #require(look.alerts.first { $0.kind == .stacking })
        #expect(alert.message.contains("the memory limit is reached in"))
        #expect(alert.message.contains("a reload over 3 reloads"))
        withExtendedLifetime(clients) {}
    }

    @Test(arguments: ProxyKind.allCases) func aRestartTellsWhatItCost(_ kind: ProxyKind) throws {
        let served = try ServedProxy(kind)
        let client = try Connection(port: served.port)
        try client.send("GET / HTTP/1.1\r\n")
        try served.look(for: "the client") { $0.workers.first?.connections.value == 1 }
        let command = [
            "-W", "-S", served.proxy.masterSocket + ",level,admin", "-f", served.proxy.configurationFile,
        ]
        kill(served.proxy.master, SIGTERM)
        _ = try served.proxy.program.end()
        let next = try RunningProgram(
            try kind.program, command, in: served.proxy.folder, name: "again")
        defer { next.stop() }
        let look = try served.look(for: "the new master") { $0.master.pid == next.pid && !$0.workers.isEmpty }
        let alert = try #require(look.alerts.first)
        #expect(alert.kind == .restart)
        #expect(alert.message.contains("1 connection lost"))
        #expect(alert.remedy != nil)
    }
}

@Suite(.serialized) struct AuthorScenarioTests {
    /// An ordinary user's script asks through the master's socket.
    @Test(.enabled(if: getuid() == 0))
    func aScriptOfAnOrdinaryUserIsNamed() throws {
        let served = try ServedProxy()
        #expect(chmod(served.proxy.folder.path, 0o755) == 0)
        let script = try served.proxy.folder.write(
            "nightly.sh",
            "#!/bin/sh\necho reload | socat - UNIX-CONNECT:\(served.proxy.masterSocket)\nsleep 2\n")
        #expect(chmod(script, 0o755) == 0)
        // Where many programs start, as while others are tested, authors are not watched for a while: then it asks again.
        let author = try wait(for: "a reload whose author is known", atMost: .seconds(120)) {
            () -> ReloadAuthor? in
            try served.look(for: "a quiet machine", atMost: .seconds(90)) { look in
                !look.blindness.contains { $0.what == "authors of reloads" }
            }
            let before = served.last.reloads.count
            // HAProxy makes its socket anew with each reload.
            #expect(chmod(served.proxy.masterSocket, 0o666) == 0)
            let asked = try RunningProgram(
                Program.system("runuser"), ["-u", "nobody", "--", script], in: served.proxy.folder,
                name: "asker")
            // A program that lives for some milliseconds is read as it starts, as the screen's loop does.
            let deadline = Instant.now() + .seconds(30)
            while asked.isRunning, Instant.now() < deadline { served.takeEvents() }
            // A request that comes while HAProxy executes itself can be lost.
            let reloaded = try? served.look(for: "its reload", atMost: .seconds(5)) { look in
                look.reloads.count > before
            }
            guard reloaded != nil else { return nil }
            let author = served.last.reloads.dropFirst(before).last?.author
            return author.flatMap { $0.user == nil ? nil : $0 }
        }
        #expect(author.certainty == .likely)
        #expect(author.user == "nobody", "\(author.words)")
        #expect(author.chain.contains { $0.name == "nightly.sh" }, "\(author.words)")
        // socat ends with the reload: on a loaded machine it has gone before it can be read.
        #expect(["socat", "nightly.sh"].contains(author.chain.last?.name), "\(author.words)")
    }

    @Test(.enabled(if: getuid() == 0))
    func theSenderOfMwproxysSignalIsSeen() throws {
        let served = try ServedProxy(.mwproxy)
        let script = "sleep 0.3; kill -USR2 \(served.proxy.master); sleep 5"
        let asked = try RunningProgram(
            "/bin/sh", ["-c", script], in: served.proxy.folder, name: "asker")
        let look = try served.look(for: "the author") { look in
            look.reloads.last?.result == .success && look.reloads.last?.author != nil
        }
        let author = try #require(look.reloads.last?.author)
        #expect(author.certainty == .seen)
        #expect(author.chain.last?.pid == asked.pid)
        #expect(author.command?.contains("kill -USR2") == true, "\(author.words)")
        #expect(author.uid == 0)
        asked.stop()
    }

    /// A machine that starts programs without end is left alone, and says so.
    @Test func aStormOfProgramsIsToldAndCostsNothing() throws {
        let served = try ServedProxy()
        let storm = try RunningProgram(
            "/bin/sh", ["-c", "i=0; while [ $i -lt 3000 ]; do /bin/true; i=$((i+1)); done"],
            in: served.proxy.folder, name: "storm")
        defer { storm.stop() }
        try served.look(for: "the blindness", meanwhile: { poll(nil, 0, 50) }) { look in
            look.blindness.contains { $0.what == "authors of reloads" }
        }
        // While it rests, starts of programs wake nobody.
        var wakes = 0
        let began = Instant.now()
        while Instant.now() - began < .seconds(1) {
            if served.takeEvents(atMost: 200) { wakes += 1 }
        }
        #expect(wakes < 10)
    }
}
