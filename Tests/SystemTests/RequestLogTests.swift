// Every request has its log line, once, whatever reloads come between.

import Demo
import Glibc
import Polling
import TestSupport
import Testing
import Unix

extension SystemTests {
    @Suite struct RequestLog {
        @Test(arguments: ProxyKind.available)
        func everyRequestIsLoggedOnce(kind: ProxyKind) throws {
            let loop = try EventLoop()
            let syslog = try SyslogSink(on: loop)
            let scene = try Scene(
                kind, on: loop,
                .init(defaults: "log 127.0.0.1:\(syslog.port) local0\n    option httplog"))
            scene.traffic.start(Load("new", .connections(perSecond: 200)), to: scene.address)
            scene.traffic.start(Load("kept", .keepAlive(clients: 10, perSecondEach: 10)), to: scene.address)
            for _ in 0..<5 {
                try scene.loop.run(load: .milliseconds(150))
                try scene.reload()
            }
            let reports = try scene.finishTraffic()
            scene.expectNothingFailed(reports, except: kind == .haproxy ? [.lostOnReuse] : [])
            let requests = reports.map(\.tally.succeeded).reduce(0, +)
            try scene.loop.run(for: "\(requests) log lines") {
                syslog.lines(with: "GET /bytes/128") >= requests
            }
            try scene.loop.run(load: .milliseconds(100))
            #expect(syslog.lines(with: "GET /bytes/128") == requests)
            #expect(syslog.lines(with: " 200 ") == requests)
        }
    }
}

/// A syslog server: UDP datagrams on a port of 127.0.0.1.
final class SyslogSink: Watcher {
    let port: UInt16
    private var texts: [String] = []
    private let socket: Descriptor

    /// Binds a free port.
    init(on loop: EventLoop) throws {
        let address = SocketAddress.ipv4(0x7f00_0001, port: 0)
        socket = try Socket.datagram(for: address)
        try Socket.setOption(socket.raw, SOL_SOCKET, SO_RCVBUF, 4 << 20)
        try Socket.bind(socket, to: address)
        port = try Socket.localAddress(socket.raw).port ?? 0
        super.init()
        try loop.add(self, descriptor: socket.raw, interest: .readable)
    }

    override func ready(_ readiness: UInt32) {
        var chunk = [UInt8](repeating: 0, count: 8192)
        while case .moved(let count) = chunk.withUnsafeMutableBytes({ Socket.read(socket.raw, into: $0) }) {
            texts.append(String(decoding: chunk[..<count], as: UTF8.self))
        }
    }

    func lines(with text: String) -> Int { texts.count { $0.contains(text) } }
}
