// Log lines as HAProxy writes them, sent to a socket of the test. Formats as in captures of HAProxy 2.6.12.

import ConfigLanguage
import Glibc
import TestSupport
import Testing
import Unix

@testable import Proxying

@Suite struct LoggingTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder("proxying-")
    }

    /// A datagram socket in a folder of its own.
    private func receiver() throws -> (socket: TestSocket, path: String) {
        let address = SocketAddress.unix(path: folder.file("log"))
        let socket = try Socket.datagram(for: address)
        try Socket.bind(socket, to: address)
        return (TestSocket(owning: socket.release()), folder.file("log"))
    }

    private func rig(logTo path: String, _ format: LogTarget.Format? = nil) throws -> Rig {
        try Rig { frontend, backend in
            var target = LogTarget(destination: .unix(path: path), facility: 16)
            target.format = format
            frontend.settings.logs = [target]
            frontend.settings.logFormat = .http
            backend.settings.logs = [target]
        }
    }

    @Test func aRequestIsOneLine() throws {
        let (log, path) = try receiver()
        let rig = try rig(logTo: path)
        let client = try rig.client()
        let server = try rig.forward("GET /\"x HTTP/1.1\r\nHost: x\r\n\r\n", of: client)
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        try rig.expect("ok", at: client)
        try rig.expect("\n", at: log)
        let line = log.text
        let pattern = try Regex(
            #"<134>\w{3} [ \d]\d \d\d:\d\d:\d\d haproxy\[\d+\]: 127\.0\.0\.1:\d+ \[\d\d/\w{3}/\d{4}:"#
                + #"\d\d:\d\d:\d\d\.\d{3}\] fe be/s1 \d+/\d+/\d+/\d+/\d+ 200 40 - - ---- 1/1/0/0/0 0/0 "#
                + #""GET /#22x HTTP/1\.1"\n"#)
        #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
    }

    @Test func aBadRequestSaysSo() throws {
        let (log, path) = try receiver()
        let rig = try rig(logTo: path, .raw)
        let client = try rig.client()
        client.send("BAD\r\n\r\n")
        try rig.expect("\n", at: log)
        #expect(log.text.contains(" fe fe/<NOSRV> -1/-1/-1/-1/0 400 "))
        #expect(log.text.hasSuffix(" - - PR-- 1/1/0/0/0 0/0 \"<BADREQ>\"\n"))
    }

    @Test func aCutStreamSaysHowFarItWas() throws {
        let (log, path) = try receiver()
        let rig = try rig(logTo: path, .raw)
        let client = try rig.client()
        let server = try rig.forward("GET / HTTP/1.1\r\nHost: x\r\n\r\n", of: client)
        withExtendedLifetime(server) { rig.core.hardStop() }
        try rig.expect("KH--", at: log)
        #expect(log.text.contains(" 502 "))
    }

    /// What is waited for before a request counts for its own line alone: the handshake for the first one, and
    /// silence for each.
    @Test func timesBeginWithTheConnectionOrBehindTheResponseBefore() throws {
        let (log, path) = try receiver()
        let rig = try Rig(
            text: """
                frontend fe
                 bind front1 accept-proxy
                 log \(path) format raw local0
                 log-format "%Th %Ti %TR %Tq %Ta %Tt %Tu"
                 default_backend be
                backend be
                 server s origin1

                """)
        func rest() throws {
            let end = Instant.now() + .milliseconds(60)
            try rig.pump("some time to pass") { Instant.now() >= end }
        }
        func times(_ which: String) throws -> [Int] {
            try rig.expect("\n", at: log)
            let line = log.take()
            let times = line.split { " \n".contains($0) }.compactMap { Int($0) }
            try #require(times.count == 7, "\(which): \(line)")
            return times
        }
        let client = try rig.client()
        try rest()
        client.send("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n")
        try rig.settle()
        try rest()
        client.send("GET / HT")
        try rig.settle()
        try rest()
        client.send("TP/1.1\r\nHost: x\r\n\r\n")
        let server = try rig.acceptAtOrigin()
        try rig.expect("\r\n\r\n", at: server)
        _ = server.take()
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let first = try times("the first")
        #expect(first[0...2].allSatisfy { $0 >= 55 }, "\(first)")
        try rest()
        try rig.exchange(client, over: server)
        let second = try times("the second")
        #expect(second[0] == 0 && second[1] >= 55 && second[3] < first[3], "\(second)")
        // Each is cut to whole milliseconds by itself.
        for times in [first, second] {
            #expect((0...2).contains(times[3] - times[0] - times[1] - times[2]), "\(times)")
            #expect((0...2).contains(times[5] - times[0] - times[1] - times[4]), "\(times)")
            #expect(times[6] == times[5] - times[1], "\(times)")
        }
    }

    /// In TCP mode the wait for a server, and the whole, count from when the connection was accepted.
    @Test func theTimesOfTCPBeginWithTheConnection() throws {
        let (log, path) = try receiver()
        let rig = try Rig(
            text: """
                defaults
                 mode tcp
                 timeout client 10s
                 timeout server 10s
                 timeout connect 5s
                 option tcplog
                listen fe
                 bind front1 accept-proxy
                 log \(path) format raw local0
                 server s origin1

                """)
        let client = try rig.client()
        let end = Instant.now() + .milliseconds(60)
        try rig.pump("some time to pass") { Instant.now() >= end }
        client.send("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n")
        let server = try rig.acceptAtOrigin()
        server.close()
        client.close()
        try rig.expect("\n", at: log)
        let found = try #require(try Regex(#"fe/s (\d+)/(\d+)/(\d+) "#).firstMatch(in: log.text))
        let times = found.output.dropFirst().compactMap { $0.substring.flatMap { Int($0) } }
        #expect(times.count == 3 && times[0] >= 55 && times[1] < times[0] && times[2] >= times[0], "\(times)")
    }

    @Test func nobodyListeningDropsAndCounts() throws {
        let rig = try rig(logTo: "/tmp/nobody-listens-here")
        let client = try rig.client()
        client.send("BAD\r\n\r\n")
        try rig.expectEnd(of: client)
        #expect(rig.core.counters.droppedLogs > 0)
    }

    @Test func checksTellWhenAServerGoesAndComes() throws {
        let (log, path) = try receiver()
        let rig = try Rig { _, backend in
            backend.settings.logs = [LogTarget(destination: .unix(path: path), facility: 16)]
            backend.servers[0].endpoint = .tcp(host: "127.0.0.1", family: nil, port: .number(1))
            backend.servers[0].options.check = true
            backend.servers[0].options.inter = .milliseconds(10)
        }
        try rig.expect("has no server available!", at: log)
        let lines = log.text.split(separator: "\n")
        #expect(lines.first?.hasPrefix("<129>") == true)
        #expect(
            lines.first.map(String.init)?.timeless.hasSuffix(
                "Server be/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check "
                    + "duration: Nms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, "
                    + "0 remaining in queue.") == true)
        #expect(lines.last?.hasPrefix("<128>") == true)
        #expect(rig.reports.contains("backend 'be' has no server available!"))
    }
}
