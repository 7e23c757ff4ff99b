// The observer on Debian's HAProxy: reloads, failures, holders, countdowns and restarts as they really happen.

import Glibc
import Observing
import ReloadModel
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct HAProxyTests {
    @Test func aHeldClientKeepsTheOldWorkerDraining() throws {
        let watched = try WatchedProxy()
        let clients = try watched.connect(3)
        watched.proxy.program.signal(SIGUSR2)
        let snapshot = try watched.look(for: "one draining worker") { snapshot in
            snapshot.workers.map(\.state) == [.serving, .draining]
                && snapshot.reloads.last?.result == .success
        }
        #expect(snapshot.workers.map(\.generation.value) == [1, 0])
        #expect(snapshot.workers.map(\.connections.value) == [0, 3])
        #expect(snapshot.workers.map(\.was) == [nil, 1])
        #expect(snapshot.workers[1].holders.value == [Holder(kind: .clients, count: 3)])
        #expect(snapshot.workers[1].killIn.value == nil)
        #expect(snapshot.master.reloads.value == 1)
        #expect(snapshot.master.failedReloads.value == 0)
        #expect(snapshot.proxy.program == .haproxy)
        #expect(snapshot.proxy.version.value?.hasPrefix("2.6") == true)
        #expect(snapshot.reloads.count == 1)
        let reload = try #require(snapshot.reloads.first)
        #expect(reload.attempt == 1)
        #expect(reload.source == .processEvents)
        #expect(try #require(reload.durationMilliseconds.value) < 2000)
        #expect(snapshot.alerts.filter { $0.severity > .info }.isEmpty)

        // Somebody who comes later sees the same, and says where the reload is known from.
        let late = try watched.freshLook()
        #expect(late.workers.map(\.generation.value) == [1, 0])
        #expect(late.workers.map(\.connections.value) == [0, 3])
        #expect(late.reloads.map(\.source) == [.showProc])
        #expect(late.reloads.map(\.result) == [.success])

        clients.forEach { $0.reset() }
        try watched.look(for: "the old worker to leave", line: "(generation 0) exited with code") {
            $0.workers.count == 1
        }
    }

    /// Also by who comes later: HAProxy 2.6 tells it to its standard error alone, and the files are good again.
    @Test(arguments: ProxyKind.allCases)
    func theMastersStandardErrorTellsTheReasonLater(_ kind: ProxyKind) throws {
        let watched = try WatchedProxy(kind)
        try watched.proxy.configure(watched.goodConfiguration + "  bogus word\n")
        watched.proxy.program.signal(SIGUSR2)
        try watched.look(for: "a failed reload") { $0.master.failedReloads.value == 1 }
        try watched.proxy.configure(watched.goodConfiguration)
        let reason = try watched.freshLook().reloads.last?.reason
        #expect(reason == "proxy.cfg:15: unknown keyword 'bogus' in 'backend' section")
        // A later load that went well leaves nothing of it.
        try watched.proxy.reload()
        let after = try watched.freshLook()
        #expect(after.master.failedReloads.value == 0)
        #expect(!after.alerts.contains { $0.kind == .failedReload })
    }

    @Test func aFailedReloadIsNamedWithItsReason() throws {
        let watched = try WatchedProxy(hasLog: false)
        try watched.proxy.configure(watched.goodConfiguration + "  bogus word\n")
        watched.proxy.program.signal(SIGUSR2)
        let snapshot = try watched.look(for: "a failed reload with its reason") { snapshot in
            snapshot.reloads.last?.reason != nil && snapshot.master.failedReloads.value == 1
        }
        let reason = try #require(snapshot.reloads.last?.reason)
        #expect(reason.contains("unknown keyword 'bogus'"))
        #expect(reason.contains("'haproxy -c'"))
        #expect(snapshot.workers.map(\.state) == [.serving])
        #expect(snapshot.workers.map(\.generation.value) == [0])
        #expect(snapshot.master.failedReloads.value == 1)
        let alert = try #require(snapshot.alerts.first)
        #expect(alert.kind == .failedReload)
        #expect(alert.message.contains("bogus"))

        try watched.proxy.configure(watched.goodConfiguration)
        watched.proxy.program.signal(SIGUSR2)
        try watched.look(for: "a good reload") { snapshot in
            snapshot.reloads.last?.result == .success && snapshot.workers.first?.generation.value == 2
        }
        try watched.look(for: "no alert") { look in !look.alerts.contains { $0.severity > .info } }
    }

    @Test func theLogFileTellsTheReasonWithoutACheck() throws {
        let folder = try ScratchFolder()
        let log = try folder.write("haproxy.log", "")
        let watched = try WatchedProxy(options: ObserverOptions(logFile: log))
        try watched.proxy.configure(watched.goodConfiguration + "  bogus word\n")
        watched.proxy.program.signal(SIGUSR2)
        try wait(for: "the log") { watched.proxy.program.errors.contains("Loading failure") }
        try File.write(log, watched.proxy.program.errors)
        let snapshot = try watched.look(for: "the reason") { $0.reloads.last?.reason != nil }
        #expect(snapshot.reloads.last?.reason?.contains("unknown keyword 'bogus'") == true)
        #expect(snapshot.reloads.last?.reason?.contains("-c") == false)
        #expect(watched.lines.contains { $0.source == .file && $0.severity == .critical })
    }

    @Test func anAdminSessionHoldsAndIsNamed() throws {
        let watched = try WatchedProxy()
        let socket = watched.proxy.folder.file("worker.sock")
        let session = try RunningProgram(
            "/usr/bin/socat", ["UNIX-CONNECT:\(socket)", "EXEC:sleep 1000"], in: watched.proxy.folder,
            name: "socat")
        defer { session.stop() }
        try wait(for: "the session") {
            try SocketDiagnosis.local(states: SocketDiagnosis.established).contains { $0.name == socket }
        }
        watched.proxy.program.signal(SIGUSR2)
        let snapshot = try watched.look(for: "a held worker with its holder") { snapshot in
            snapshot.workers.last?.state == .held && snapshot.workers.last?.holders.value?.first?.who != nil
        }
        let holder = try #require(snapshot.workers.last?.holders.value?.first)
        #expect(holder.kind == .adminSession)
        #expect(holder.who == "socat (pid \(session.pid))")
        #expect(snapshot.workers.last?.connections.value == 0)
        #expect(snapshot.alerts.map(\.kind) == [.held])
        #expect(try watched.freshLook().workers.last?.state == .held)
    }

    @Test func theCountdownRunsFromTheSuccessorsReady() throws {
        let watched = try WatchedProxy(global: "hard-stop-after 3s")
        let clients = try watched.connect(1)
        // The next generation has another limit; the old one keeps its own.
        try watched.proxy.configure(
            WatchedProxy.configuration(
                folder: watched.proxy.folder, port: watched.port, origin: watched.origin.port,
                global: "hard-stop-after 1h"))
        watched.proxy.program.signal(SIGUSR2)
        let snapshot = try watched.look(for: "a countdown") { $0.workers.last?.killIn.value != nil }
        let left = try #require(snapshot.workers.last?.killIn.value)
        #expect(left > 1 && left <= 3)
        try watched.look(for: "the hard stop", line: "1 connection cut by hard-stop-after") {
            $0.workers.count == 1
        }
        withExtendedLifetime(clients) {}
    }

    @Test func aStoppedWorkerIsUnknownAndOverdueNotAHang() throws {
        let watched = try WatchedProxy(global: "hard-stop-after 1s")
        let clients = try watched.connect(1)
        let old = try #require(watched.last.workers.first?.pid)
        watched.proxy.program.signal(SIGUSR2)
        try watched.look(for: "a draining worker") { $0.workers.last?.state == .draining }
        kill(old, SIGSTOP)
        defer { kill(old, SIGCONT) }
        let start = Instant.now()
        let snapshot = watched.observer.sample()
        #expect(Instant.now() - start < Observer.longestWait)
        #expect(snapshot.workers.first?.state == .serving)
        let late = try watched.look(for: "an overdue worker") { $0.workers.last?.state == .overdue }
        #expect(late.workers.last?.connections.value == 1)
        #expect(late.alerts.first?.kind == .overdue)
        // Whoever comes next finds sessions left on the master's socket, which takes ten.
        for _ in 0..<12 {
            let observer = Observer(try Observer.find(pid: watched.proxy.master))
            let look = observer.sample()
            #expect(look.master.reloads.value == 1)
            #expect(look.workers.last?.connections.value == 1)
            #expect(look.workers.last?.holders.value == [Holder(kind: .clients, count: 1)])
        }
        withExtendedLifetime(clients) {}
    }

    @Test func aStoppedMasterIsNamedSo() throws {
        let watched = try WatchedProxy()
        kill(watched.proxy.master, SIGSTOP)
        defer { kill(watched.proxy.master, SIGCONT) }
        let look = try watched.freshLook()
        #expect(look.workers.map(\.state) == [.serving])
        #expect(look.workers.first?.connections.value == 0)
        let why = Unknown(
            "the master is stopped by a signal or a debugger", remedy: "kill -CONT \(watched.proxy.master)")
        #expect(look.master.reloads == .unknown(why))
    }

    @Test func fiveDrainingWorkersAreStacking() throws {
        let watched = try WatchedProxy()
        var clients: [Connection] = []
        for generation in 1...5 {
            clients += try watched.connect(1)
            watched.proxy.program.signal(SIGUSR2)
            try watched.look(for: "generation \(generation)") { snapshot in
                snapshot.workers.first?.generation.value == generation
                    && snapshot.workers.filter { $0.state == .draining }.count == generation
            }
        }
        #expect(watched.last.workers.map(\.connections.value) == [0, 1, 1, 1, 1, 1])
        let alert = try #require(watched.last.alerts.first)
        #expect(alert.kind == .stacking)
        #expect(alert.message.contains("5 draining workers > limit 4"))
        #expect(alert.message.contains("5 connections"))
        withExtendedLifetime(clients) {}
    }

    @Test func aRestartIsNoReload() throws {
        let watched = try WatchedProxy()
        let clients = try watched.connect(2)
        let command = [
            "-W", "-S", watched.proxy.masterSocket + ",level,admin", "-f", watched.proxy.configurationFile,
        ]
        kill(watched.proxy.master, SIGKILL)
        _ = try watched.proxy.program.end()
        try watched.look(for: "the master to be gone") { $0.workers.isEmpty }
        let next = try RunningProgram(
            Program.system("haproxy"), command, in: watched.proxy.folder, name: "again")
        defer { next.stop() }
        let snapshot = try watched.look(for: "the new master") {
            $0.master.pid == next.pid && $0.workers.count == 1
        }
        let alert = try #require(snapshot.alerts.first)
        #expect(alert.kind == .restart)
        #expect(alert.message.contains("2 connections lost"))
        withExtendedLifetime(clients) {}
    }
}
