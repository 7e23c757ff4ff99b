// Connections that outlive their worker, over many reloads of the real proxy: WebSockets that count their frames, and
// one stream whose bytes are all compared.

import Demo
import Glibc
import Polling
import RuntimeAPI
import TestSupport
import Testing
import Unix

extension SystemTests {
    @Suite struct Moves {
        private static let reloads = 50

        /// Runs the traffic until no old worker is left: its drain is over when everything has moved.
        private func waitForTheMove(_ scene: Scene) throws {
            try scene.wait(for: "everything to move") { scene.proxy.children.count == 1 }
        }

        private func moves(_ scene: Scene) throws -> [DrainMoves] {
            let drains = try scene.reloadLog().attempts.flatMap(\.drains)
            return try drains.map { try #require($0.moves) }
        }

        @Test func idleClientsAreThereAfterFiftyReloads() throws {
            let scene = try Scene(.mwproxy)
            let count = 300
            scene.traffic.start(Load("idle", .idle(clients: count)), to: scene.address)
            try scene.loop.run(for: "\(count) clients") { scene.traffic.tally("idle")?.succeeded == count }
            for _ in 0..<Self.reloads {
                try scene.reload()
                // With their keep-alive of 60 s the old workers could not have left otherwise.
                try waitForTheMove(scene)
            }
            let tally = try #require(scene.traffic.tally("idle"))
            #expect(tally.closedIdle == 0 && tally.failed == 0)
            #expect(try moves(scene).allSatisfy { $0 == DrainMoves(idle: count, tunnels: 0) })
        }

        @Test func webSocketsLoseNoFrameOverFiftyReloads() throws {
            let loop = try EventLoop()
            let syslog = try SyslogSink(on: loop)
            let scene = try Scene(
                .mwproxy, on: loop,
                .init(
                    global: "tune.reload.migrate tunnels\n    tune.reload.migrate-after 20ms",
                    defaults: "log 127.0.0.1:\(syslog.port) local0\n    option httplog"))
            scene.traffic.start(
                Load(
                    "sockets",
                    .webSockets(
                        clients: 20, framesPerSecond: 50, lifetimeMilliseconds: 3_600_000...3_600_000)),
                to: scene.address)
            try scene.loop.run(for: "all sockets") { scene.traffic.tally("sockets")?.succeeded == 20 }
            for _ in 0..<Self.reloads {
                try scene.reload()
                try waitForTheMove(scene)
            }
            #expect(try moves(scene).map(\.tunnels) == [Int](repeating: 20, count: Self.reloads))
            let reports = try scene.finishTraffic()
            scene.expectNothingFailed(reports)
            #expect(reports[0].tally.framesSent > 20 * Self.reloads)
            // One line each, by the worker that saw the end, with everything since the beginning.
            try scene.loop.run(for: "20 log lines") { syslog.lines(with: "\"GET /ws") >= 20 }
            #expect(syslog.lines(with: "\"GET /ws") == 20 && syslog.lines(with: " 101 ") == 20)
        }

        @Test func aStreamOfOneGibibyteArrivesWhole() throws {
            let loop = try EventLoop()
            let source = try PatternSource(on: loop)
            let port = try FreePort.find()
            let scene = try Scene(
                .mwproxy, on: loop,
                .init(
                    global: "tune.reload.migrate tunnels\n    tune.reload.migrate-after 10ms",
                    sections: """
                        listen raw
                            mode tcp
                            bind 127.0.0.1:\(port)
                            server source 127.0.0.1:\(source.port)
                        """))
            let sink = try PatternSink(port: port, on: loop)
            let part = (1 << 30) / Self.reloads + 1
            for number in 1...Self.reloads {
                source.allow(upTo: min(1 << 30, part * number))
                try scene.reload()
                try waitForTheMove(scene)
            }
            try loop.run(for: "all bytes") { sink.received >= 1 << 30 || sink.fault != nil }
            #expect(sink.fault == nil)
            #expect(sink.received == 1 << 30)
            #expect(try moves(scene).map(\.tunnels) == [Int](repeating: 1, count: Self.reloads))
        }
    }
}

/// Bytes whose place in a stream is told by their value: a run of random ones, of a length that is no power of two.
private enum Pattern {
    static let period = 1_048_573
    /// Two periods, so that a piece of one period may begin anywhere.
    static let bytes: [UInt8] = {
        var state: UInt64 = 7
        let once = (0..<period).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        return once + once
    }()
}

/// Sends the pattern to whoever connects, as far as it is allowed.
private final class PatternSource: Watcher {
    let port: UInt16
    private let listener: Descriptor
    private let loop: EventLoop
    private var connection: Connection?
    private var limit = 0

    private final class Connection: Watcher {
        let socket: Descriptor
        unowned let source: PatternSource
        var sent = 0

        init(_ socket: consuming Descriptor, of source: PatternSource) {
            self.socket = socket
            self.source = source
        }

        override func ready(_ readiness: UInt32) { send() }

        func send() {
            while sent < source.limit {
                let start = sent % Pattern.period
                let count = min(Pattern.period, source.limit - sent)
                let result = Pattern.bytes.withUnsafeBytes {
                    Socket.write(socket.raw, UnsafeRawBufferPointer(rebasing: $0[start..<start + count]))
                }
                guard case .moved(let moved) = result else { return }
                sent += moved
            }
        }
    }

    init(on loop: EventLoop) throws {
        let address = SocketAddress.ipv4(0x7f00_0001, port: 0)
        let listener = try Socket.stream(for: address)
        try Socket.bind(listener, to: address)
        try Socket.listen(listener, backlog: 8)
        port = try #require(try Socket.localAddress(listener.raw).port)
        self.listener = listener
        self.loop = loop
        super.init()
        try loop.add(self, descriptor: self.listener.raw, interest: .readable)
    }

    func allow(upTo limit: Int) {
        self.limit = limit
        connection?.send()
    }

    override func ready(_ readiness: UInt32) {
        guard let accepted = try? Socket.accept(on: listener.raw) else { return }
        let made = Connection(accepted.take(), of: self)
        connection = made
        do throws(Errno) {
            try loop.add(made, descriptor: made.socket.raw, interest: .edges)
        } catch {
            Issue.record("the source cannot watch its connection: \(error)")
        }
    }
}

/// Reads and compares it.
private final class PatternSink: Watcher {
    private let socket: Descriptor
    private(set) var received = 0
    /// What was wrong, and where.
    private(set) var fault: String?
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

    init(port: UInt16, on loop: EventLoop) throws {
        let address = SocketAddress.ipv4(0x7f00_0001, port: port)
        let socket = try Socket.stream(for: address)
        _ = try Socket.connect(socket.raw, to: address)
        self.socket = socket
        super.init()
        try loop.add(self, descriptor: self.socket.raw, interest: .edges)
    }

    deinit { room.deallocate() }

    override func ready(_ readiness: UInt32) {
        while fault == nil {
            switch Socket.read(socket.raw, into: room) {
            case .moved(let count): compare(count)
            case .wouldBlock: return
            case .ended: fault = "the stream ended after \(received) bytes"
            case .failed: fault = "the stream broke after \(received) bytes"
            }
        }
    }

    private func compare(_ count: Int) {
        let start = received % Pattern.period
        let isSame = Pattern.bytes.withUnsafeBytes { expected in
            guard let here = room.baseAddress, let there = expected.baseAddress else { return false }
            return memcmp(here, there + start, count) == 0
        }
        if !isSame { fault = "other bytes than were sent, within \(count) after byte \(received)" }
        received += count
    }
}
