// What is found of a worker's connections: every reason to stay, on real proxies; and what happens when the worker or
// its admin socket does not play along.

import Demo
import Glibc
import ReloadModel
import RuntimeAPI
import TestSupport
import Testing
import Unix

@testable import Observing

/// Drives an inquiry as the screen's loop does.
func finish(_ inquiry: WorkerInquiry, atMost limit: Duration = .patience) throws -> ConnectionReport {
    let deadline = Instant.now() + limit
    while true {
        if let report = inquiry.step() { return report }
        let now = Instant.now()
        guard now < deadline else { throw TimedOut(what: "the inquiry: \(inquiry.progress)", after: limit) }
        let left = max(Int64(0), (inquiry.nextStep - now).nanoseconds)
        var polled = pollfd(fd: inquiry.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
        poll(&polled, 1, Int32(clamping: min((left + 999_999) / 1_000_000, 100)))
    }
}

extension StillScene {
    func observer() throws -> Observer {
        let observer = Observer(try Observer.find(pid: proxy.master))
        _ = observer.sample()
        return observer
    }

    func look(into worker: pid_t, _ observer: Observer) throws -> ConnectionReport {
        try finish(try #require(observer.inquire(into: worker)))
    }
}

extension Connection {
    /// As the proxy names it.
    var name: String { "127.0.0.1:\(localPort)" }
}

@Suite(.serialized) struct WorkerInquiryTests {
    @Test(arguments: ProxyKind.allCases)
    func everyReasonIsFound(kind: ProxyKind) throws {
        let scene = try StillScene(kind)
        var expected: [String: WhyAliveKind] = [:]
        expected[try scene.silent().name] = .silentClient
        expected[try scene.halfSent().name] = .halfSentHead
        expected[try scene.longPoll().name] = .longPoll
        expected[try scene.halfBody().name] = .halfSentBody
        expected[try scene.toDeadServer().name] = .synSent
        expected[try scene.tcp().name] = .movingTunnel
        expected[try scene.webSocket().name] = .movingTunnel
        let gone = try scene.longPoll()
        expected[gone.name] = .clientClosed
        gone.close()
        let reset = try scene.longPoll()
        // mwproxy ends at once what its client has reset.
        if kind == .haproxy { expected[reset.name] = .clientGone }
        reset.reset()
        let ended = try scene.webSocket()
        expected[ended.name] = .tunnelClientClosed
        ended.close()
        let session = try scene.adminSession()
        let old = try scene.reload()
        let observer = try scene.observer()

        let report = try wait(for: "a session that is not passing") {
            let report = try scene.look(into: old, observer)
            return report.connections.contains { $0.activity == .admin && $0.holder != nil } ? report : nil
        }
        #expect(report.blindness.isEmpty, "\(report.blindness)")
        var found: [String: WhyAliveKind] = [:]
        for connection in report.connections where connection.activity != .admin {
            found[connection.client] = .of(connection)
        }
        for (client, kind) in expected {
            // After some seconds what moved is idle.
            let isSame = found[client] == kind || kind == .movingTunnel && found[client] == .idleTunnel
            #expect(isSame, "\(client): \(kind), found \(String(describing: found[client]))")
        }
        #expect(found.count == expected.count, "\(found)")
        let admin = try #require(report.connections.first { $0.activity == .admin })
        #expect(admin.holder == ConnectedProcess(name: "socat", pid: session.pid, user: getuid()))

        func connection(_ kind: WhyAliveKind) throws -> WorkerConnection {
            try #require(report.connections.first { WhyAliveKind.of($0) == kind })
        }
        let poll = try connection(.longPoll)
        let bound = poll.bound(report.timeouts)
        #expect(bound.words == "timeout server 200s")
        #expect(try #require(bound.seconds) > 150)
        #expect(poll.frontend == "web" && poll.backend == "app" && poll.server == "s1")
        #expect(poll.clientSide?.state == .established && poll.serverSide?.state == .established)
        let dead = try connection(.synSent)
        #expect(dead.bound(report.timeouts).words == "timeout connect 1m")
        #expect(dead.serverSide?.remote == "127.0.0.1:\(scene.deadPort)")
        #expect(try connection(.halfSentHead).bound(report.timeouts).words == "timeout client 100s")
        #expect(try connection(.tunnelClientClosed).bound(report.timeouts).words == "timeout tunnel 1h")
        #expect(try connection(.halfSentHead).received == 18)
        #expect(try connection(.silentClient).received == 0)

        let why = WhyAlive.judge(report, worker: observer.sample().workers.first { $0.pid == old })
        // Only HAProxy's sessions keep a worker.
        let isHeld = why.reasons.first?.sentence.hasPrefix(
            "an admin session of socat (pid \(session.pid), uid ")
        #expect(isHeld == (kind == .haproxy))
        #expect(why.cut.connections == expected.count)
        #expect(why.cut.tunnels == 3)
        guard case .within(let last) = why.lastEnd else {
            Issue.record("\(why.lastEnd)")
            return
        }
        #expect(last > 3500 && last <= 3600)
    }

    @Test(arguments: ProxyKind.allCases)
    func anInquiryKeepsNoWorkerAlive(kind: ProxyKind) throws {
        let scene = try StillScene(kind)
        let poll = try scene.longPoll()
        let old = try scene.reload()
        let observer = try scene.observer()
        // One that was given up in the middle, and one that has ended.
        var abandoned = observer.inquire(into: old)
        _ = abandoned?.step()
        abandoned = nil
        let report = try scene.look(into: old, observer)
        #expect(report.connections.map { WhyAliveKind.of($0) } == [.longPoll])
        let inquiry = try #require(observer.inquire(into: old))
        poll.reset()
        if kind == .haproxy {
            _ = try scene.proxy.ask("@!\(old) shutdown session \(report.connections[0].session ?? "")")
        }
        try wait(for: "the end of the old worker") { !scene.proxy.children.contains(old) }
        #expect(try finish(inquiry).processState == nil)
        #expect(WhyAlive.judge(try finish(inquiry), worker: nil).sentence == "worker \(old) has ended")
    }

    @Test func aStoppedWorkerIsNotAskedAndSaysSo() throws {
        let scene = try StillScene(.haproxy)
        try scene.longPoll()
        let old = try scene.reload()
        let observer = try scene.observer()
        kill(old, SIGSTOP)
        defer { kill(old, SIGCONT) }
        try wait(for: "it to stop") { ProcTree().stat(old)?.state == "T" }
        let report = try scene.look(into: old, observer)
        #expect(report.processState == "T")
        #expect(report.connections.map(\.activity) == [.head])
        let why = WhyAlive.judge(report, worker: nil)
        #expect(why.reasons.first?.kind == .stopped)
        #expect(why.certainty == .certain || why.reasons.count > 1)
        #expect(report.blindness.first?.unknown.remedy == "kill -CONT \(old)")
    }

    /// As many streams as the usual limit of 20,000 descriptors allows, within two seconds, also in a debug build.
    @Test(arguments: ProxyKind.allCases)
    func nearlyTenThousandConnections(kind: ProxyKind) throws {
        let wanted = 9500
        let scene = try StillScene(
            kind, timeouts: "timeout queue 1h")
        let limit = try Descriptors.raise(to: UInt(wanted) + 500)
        defer { Descriptors.restore(limit) }
        try scene.crowd(wanted)
        let worker = try scene.worker()
        let observer = try scene.observer()
        let start = Instant.now()
        var longest = Duration.zero
        let inquiry = try #require(observer.inquire(into: worker))
        var report: ConnectionReport?
        while report == nil, Instant.now() - start < .seconds(10) {
            let began = Instant.now()
            report = inquiry.step()
            longest = max(longest, Instant.now() - began)
            if report == nil, let descriptor = inquiry.descriptor {
                var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                poll(&polled, 1, 50)
            }
        }
        let found = try #require(report)
        let took = Instant.now() - start
        let why = WhyAlive.judge(found, worker: observer.sample().workers.first)
        print(
            "\(kind): \(found.connections.count) connections in \(took.milliseconds) ms, "
                + "longest step \(longest.milliseconds) ms: \(why.sentence)")
        #expect(found.blindness.isEmpty, "\(found.blindness)")
        #expect(found.connections.count == wanted)
        #expect(found.connections.allSatisfy { $0.clientSide?.state == .established })
        #expect(why.reasons.map(\.count).max() == wanted - 1)
    }

    /// What a worker's admin socket may do to whoever asks it.
    @Test(arguments: ["endless", "garbage", "silent", "closed", "cut"])
    func aBadAdminSocketIsSurvived(manner: String) throws {
        let folder = try ScratchFolder()
        let path = folder.file("bad.sock")
        let script = """
            import signal, socket, sys
            s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(5); print("up", flush=True)
            c, _ = s.accept()
            c.recv(100)
            line = b"0x1: proto=tcpv4 src=10.0.0.7:1 fe=a be=<NONE> srv=<none> age=1s"
            manner = sys.argv[2]
            try:
                if manner == "endless":
                    while True: c.sendall(line + b" exp=1s\\n" + b"x" * 100000)
                elif manner == "garbage": c.sendall(bytes(range(256)) * 500 + b"\\n0x: proto= age=\\n0x2: = [ ]\\n")
                elif manner == "silent": signal.pause()
                elif manner == "cut": c.sendall(line * 3 + b"\\n" + line[:40])
            except OSError: pass
            c.close(); signal.pause()
            """
        let server = try RunningProgram(
            try Program.system("python3"), ["-c", script, path, manner], in: folder, name: "bad")
        try wait(for: "the socket") { server.output.contains("up") }
        let proc = ProcTree()
        var wasLate = false
        let subject = WorkerInquiry.Subject(
            pid: server.pid, startTicks: try #require(proc.stat(server.pid)).startTicks, master: 1,
            question: (.unix(path: path), "show sess"), silence: nil, masterPath: nil, program: .haproxy,
            timeouts: .unknown(Unknown("none")))
        let report = try finish(WorkerInquiry(subject, proc: proc) { wasLate = true })
        #expect(report.processState != nil)
        #expect(report.connections.count <= 50_000)
        let isTold = report.blindness.contains { $0.what == "its list of streams" }
        #expect(isTold == (manner != "cut"), "\(report.blindness)")
        if manner == "silent" { #expect(wasLate) }
        server.stop()
        let gone = try finish(WorkerInquiry(subject, proc: proc) {})
        #expect(gone.processState == nil && gone.connections.isEmpty)
    }

    @Test func anotherProcessWithThePidIsNotTaken() throws {
        let subject = WorkerInquiry.Subject(
            pid: getpid(), startTicks: 1, master: 1, question: nil, silence: nil, masterPath: nil,
            program: .haproxy, timeouts: .unknown(Unknown("none")))
        let report = try finish(WorkerInquiry(subject, proc: ProcTree()) {})
        #expect(report.processState == nil && report.connections.isEmpty)
    }
}

/// The number of descriptors that this process may have.
enum Descriptors {
    /// Raises it; what it was.
    static func raise(to count: UInt) throws -> rlimit {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        getrlimit(resource, &limit)
        let before = limit
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, count))
        setrlimit(resource, &limit)
        try #require(limit.rlim_cur >= count, "this test needs \(count) descriptors")
        return before
    }

    static func restore(_ limit: rlimit) {
        var limit = limit
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
