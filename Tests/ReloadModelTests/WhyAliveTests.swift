// The verdicts, word for word, from looks made by hand.

import Testing

@testable import ReloadModel

@Suite struct WhyAliveTests {
    static let timeouts = LoadedTimeouts.find(in: [
        """
        global
            stats timeout 10m
        defaults
            mode http
            timeout connect 5s
            timeout client 60s
            timeout server 30m
        frontend web
        backend app
            timeout tunnel 1h
        frontend raw
            mode tcp
        """
    ])

    static func end(
        _ state: TCPState = .established, _ remote: String, idle: Double = 723, unsent: Int = 0
    ) -> TCPEnd {
        TCPEnd(
            state: state, remote: remote, received: 500, acknowledged: 900, unsent: unsent,
            sinceReceived: idle, sinceSent: idle + 3)
    }

    static func stream(
        _ activity: WorkerConnection.Activity, _ client: String, idle: Double = 723,
        _ deadlines: [WorkerConnection.Deadline: Int] = [:], client state: TCPState = .established,
        server: TCPState? = .established, unsent: Int = 0, frontend: String = "web"
    ) -> WorkerConnection {
        WorkerConnection(
            session: "0x1", activity: activity, client: client, frontend: frontend, backend: "app",
            server: "s1", age: 900, deadlines: deadlines,
            clientSide: end(state, client, idle: idle, unsent: unsent),
            serverSide: server.map { end($0, "10.0.0.3:80", idle: idle) })
    }

    static func report(
        _ connections: [WorkerConnection], state: Character? = "S",
        timeouts: Known<LoadedTimeouts> = .known(timeouts)
    ) -> ConnectionReport {
        ConnectionReport(
            pid: 812, at: 0, milliseconds: 12, connections: connections, processState: state,
            timeouts: timeouts)
    }

    static func worker(cpu: Double = 0, state: WorkerState = .draining) -> WorkerSample {
        let unknown = Unknown("not here")
        return WorkerSample(
            pid: 812, state: state, generation: .known(3), was: 1, connections: .known(1),
            connectionsPerSecond: .known(0), uptime: 1000,
            memory: MemorySample(resident: .known(1), proportional: .known(1)), cpuPercent: .known(cpu),
            killIn: .unknown(unknown), holders: .known([]))
    }

    private func judge(_ connections: [WorkerConnection], cpu: Double = 0, state: Character? = "S")
        -> WhyAlive
    {
        .judge(Self.report(connections, state: state), worker: Self.worker(cpu: cpu))
    }

    @Test func evidenceIsTheSameInSlicesAndAtOnce() {
        let connections = (0..<20).map { index in
            let activities: [WorkerConnection.Activity] = [.tunnel, .waiting, .silent, .queue, .head]
            var connection = Self.stream(activities[index % 5], "10.0.0.\(index % 3):\(index)")
            if index % 5 == 2 { connection.frontend = nil }
            return connection
        }
        var report = Self.report(connections)
        let atOnce = WhyAlive.judge(report, worker: Self.worker())
        var evidence = WhyAliveEvidence()
        var slices = 1
        while !evidence.take(report.connections, atMost: 3, timeouts: report.timeouts) { slices += 1 }
        report.evidence = evidence
        #expect(slices == 7)
        #expect(evidence.taken == 20)
        #expect(WhyAlive.judge(report, worker: Self.worker()) == atOnce)
        #expect(atOnce.reasons.map(\.members).joined().sorted() == Array(0..<20))
    }

    @Test func idleWebSocketsOfTwoClients() {
        let both: [WorkerConnection.Deadline: Int] = [
            .clientRead: 2877, .clientWrite: 2877, .serverRead: 2877, .serverWrite: 2877,
        ]
        let why = judge([
            Self.stream(.tunnel, "10.0.0.7:51000", both),
            Self.stream(.tunnel, "10.0.0.9:51002", idle: 730, both),
        ])
        #expect(why.sentence == "2 idle WebSockets of 10.0.0.7 and 10.0.0.9 (tunnel, silent 12m03s)")
        #expect(why.certainty == .certain)
        #expect(why.reasons.first?.bound == "timeout tunnel 1h")
        #expect(why.reasons.first?.setting == "timeout tunnel, here 1h")
        #expect(why.lastEnd == .within(2877))
        #expect(why.cut.words == "2 connections: 2 tunnels")
    }

    @Test func aLongPollWhoseClientHasGone() {
        let why = judge([Self.stream(.waiting, "10.0.0.7:51000", [.serverRead: 1000], client: .closeWait)])
        #expect(
            why.sentence
                == "1 long poll of 10.0.0.7 whose client has gone (CLOSE_WAIT, server silent for 12m03s)")
        #expect(why.certainty == .likely)
        #expect(why.reasons.first?.setting == "timeout server, here 30m, and option abortonclose")
    }

    @Test func halfSentRequests() {
        let heads = ["10.0.0.7:1", "10.0.0.7:2", "10.0.0.8:1"].map { client in
            WorkerConnection(
                activity: .head, client: client, clientSide: Self.end(.established, client, idle: 12))
        }
        let why = judge(heads)
        #expect(
            why.sentence
                == "3 half-sent requests of 10.0.0.7 (2) and 10.0.0.8 (1) (slow or dead clients, silent 12s)")
        #expect(why.certainty == .likely)
        // No stream names the frontend: it is any of them.
        #expect(why.reasons.first?.setting == "timeout http-request, not set: timeout client 1m holds")
        #expect(why.cut.words == "3 connections: none with a request under way")
    }

    @Test func anAdminSessionAndWhoseItIs() {
        var session = WorkerConnection(session: "0x9", activity: .admin, client: "unix:1", age: 546)
        session.deadlines = [.clientRead: 54]
        #expect(judge([session]).certainty == .likely)
        session.holder = ConnectedProcess(name: "hatop", pid: 12186, user: 0)
        let why = judge([session])
        #expect(why.sentence == "an admin session of hatop (pid 12186, uid 0), open 9m06s")
        #expect(why.certainty == .certain)
        #expect(why.reasons.first?.bound == "stats timeout 10m")
        #expect(why.cut.words == "no client's connection")
    }

    @Test func closeWaitAndAServerThatIsSilent() {
        let why = judge([
            Self.stream(
                .tunnel, "10.0.0.7:51000", [.serverRead: 77], client: .closeWait, server: .finWait2,
                frontend: "raw")
        ])
        #expect(
            why.sentence
                == "1 TCP connection of 10.0.0.7: CLOSE_WAIT, client closed, server silent for 12m03s")
        #expect(why.reasons.first?.setting == "timeout server-fin, not set in raw")
    }

    @Test func aDeadServer() {
        var request = Self.stream(.connect, "10.0.0.7:51000", [.connect: 3], server: .synSent)
        request.serverSide?.retransmits = 2
        let why = judge([request])
        #expect(why.sentence == "1 request in SYN_SENT to a dead server 10.0.0.3:80 (app/s1), sent 3 times")
        #expect(why.reasons.first?.bound == "timeout connect 5s")
        #expect(why.reasons.first?.setting == "timeout connect, here 5s, and option redispatch")
    }

    @Test func aSpinningLoopAndAWorkerThatIsJustBusy() {
        let still = Self.stream(.waiting, "10.0.0.7:51000", [.serverRead: 1000])
        let why = judge([still], cpu: 99.7)
        #expect(why.reasons.first?.kind == .spinning)
        #expect(
            why.reasons.first?.sentence
                == "a spinning loop: 100 % CPU and none of 1 connection has moved a byte for 12m03s")
        #expect(why.certainty == .likely)
        #expect(why.lastEnd == .never)
        #expect(judge([], cpu: 99.7).sentence == "a spinning loop: 100 % CPU and no connection")
        let moving = Self.stream(.response, "10.0.0.7:51000", idle: 0.01)
        #expect(judge([still, moving], cpu: 99.7).reasons.map(\.kind) == [.longPoll, .movingAnswer])
        #expect(judge([still], cpu: 42).certainty == .guess)
        #expect(judge([still], cpu: 20).reasons.map(\.kind) == [.longPoll])
    }

    @Test func aStoppedProcess() {
        let why = judge([Self.stream(.waiting, "10.0.0.7:51000")], state: "T")
        #expect(why.reasons.first?.kind == .stopped)
        #expect(why.sentence.hasPrefix("1 connection: the process is stopped by a signal or a debugger"))
        #expect(judge([], state: nil).sentence == "worker 812 has ended")
    }

    @Test func aMixtureNamesTheBiggestReasons() {
        var connections = (1...20).map { Self.stream(.tunnel, "10.0.1.\($0):5000", [.clientRead: 60]) }
        connections += (1...8).map { Self.stream(.waiting, "10.0.0.7:\($0)", [.serverRead: 90]) }
        connections += (1...3).map { Self.stream(.queue, "10.0.0.8:\($0)", [.connect: 2], server: nil) }
        connections.append(Self.stream(.tarpit, "10.0.0.9:1", [.request: 5], server: nil))
        let why = judge(connections)
        #expect(
            why.sentence == "32 connections: "
                + "20 idle WebSockets of 10.0.1.1, 10.0.1.10 and 18 more clients (tunnel, silent 12m03s); "
                + "8 long polls of 10.0.0.7, the server has not answered, silent 12m03s; "
                + "3 requests of 10.0.0.8 in the queue of app; 1 more of other kinds")
        #expect(why.reasons.map(\.count) == [20, 8, 3, 1])
        #expect(why.cut.words == "32 connections: 12 requests without an answer, 20 tunnels")
    }

    @Test func whatIsNotBoundSaysSo() {
        let unbounded = LoadedTimeouts.find(in: ["frontend web\nbackend app\n"])
        let report = Self.report([Self.stream(.tunnel, "10.0.0.7:1")], timeouts: .known(unbounded))
        let why = WhyAlive.judge(report, worker: Self.worker())
        #expect(why.lastEnd == .never)
        #expect(why.reasons.first?.bound == "nothing")
        #expect(why.reasons.first?.setting == "timeout tunnel, not set in web")
        let blind = Self.report(
            [
                WorkerConnection(
                    activity: .silent, client: "10.0.0.7:1", clientSide: Self.end(.established, ""))
            ],
            timeouts: .unknown(Unknown("the file has changed")))
        #expect(WhyAlive.judge(blind, worker: nil).lastEnd == .unknown)
    }

    @Test func aServingWorkerServes() {
        let report = Self.report([Self.stream(.waiting, "10.0.0.7:1", idle: 1, [.serverRead: 9])])
        let why = WhyAlive.judge(report, worker: Self.worker(state: .serving))
        #expect(why.sentence == "it serves; 1 long poll of 10.0.0.7, the server has not answered, silent 1s")
        #expect(
            WhyAlive.judge(Self.report([]), worker: Self.worker(state: .serving)).sentence
                == "it serves, and has no client now")
        #expect(judge([]).certainty == .guess)
    }
}
