// Where log lines go and in which format: UDP, unix datagrams, a descriptor that nobody reads.

import ConfigLanguage
import Glibc
import Testing
import Unix

@testable import Proxying

@Suite struct LogTargetTests {
    private func receiver() throws -> (TestSocket, port: UInt16) {
        let address = SocketAddress.ipv4(0x7F00_0001, port: 0)
        let socket = try Socket.datagram(for: address)
        try Socket.bind(socket, to: address)
        let port = try #require(try Socket.localAddress(socket.raw).port)
        return (TestSocket(owning: socket.release()), port)
    }

    @Test(arguments: [
        ("rfc3164", #"<134>\w{3} [ \d]\d \d\d:\d\d:\d\d haproxy\[\d+\]: 127"#),
        ("local", #"<134>\w{3} [ \d]\d \d\d:\d\d:\d\d haproxy\[\d+\]: 127"#),
        (
            "rfc5424",
            #"<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d \S+ haproxy \d+ - - 127"#
        ),
        ("short", #"<6>127"#), ("priority", #"<134>127"#), ("raw", "127"),
        ("timed", #"<6>\w{3} [ \d]\d \d\d:\d\d:\d\d 127"#),
        ("iso", #"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d 127"#),
    ])
    func formatsOverUDP(_ format: String, _ start: String) throws {
        let (log, port) = try receiver()
        let rig = try Rig(
            text: "listen fe\n bind front1\n log 127.0.0.1:\(port) format \(format) local0\n option httplog\n"
                + " server s1 origin1\n")
        try rig.exchange(rig.client())
        try rig.expect("\n", at: log)
        #expect(log.text.prefixMatch(of: try Regex(start)) != nil, "\(log.text)")
        #expect(log.text.hasSuffix("\"GET / HTTP/1.1\"\n"))
    }

    @Test func tcplogLines() throws {
        let (log, port) = try receiver()
        let rig = try Rig(
            text:
                "listen fe\n mode tcp\n bind front1\n log 127.0.0.1:\(port) format raw local0\n option tcplog\n"
                + " server s1 origin1\n")
        let client = try rig.client()
        let server = try rig.acceptAtOrigin()
        server.send("hello")
        server.close()
        try rig.expect("hello", at: client)
        client.close()
        try rig.expect("\n", at: log)
        let pattern = try Regex(
            #"127\.0\.0\.1:\d+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] fe fe/s1 \d+/\d+/\d+ 5 -- 1/1/0/0/0 0/0\n"#
        )
        #expect(log.text.wholeMatch(of: pattern) != nil, "\(log.text)")
    }

    @Test func aReceiverThatTakesNothingCostsLinesButNeverTheLoop() throws {
        // A datagram socket with the smallest queue, and a pipe that is full: nobody reads either.
        let path = "/tmp/proxying-\(getpid())-full.sock"
        let address = SocketAddress.unix(path: path)
        let socket = try Socket.datagram(for: address)
        try Socket.bind(socket, to: address)
        defer { unlink(path) }
        let pipe = try #require(Pipe())
        let filler = [UInt8](repeating: 0, count: 1 << 16)
        while write(pipe.writeEnd, filler, filler.count) > 0 {}
        let rig = try Rig(
            text: "listen fe\n bind front1\n log \(path) len 60000 format raw local0\n"
                + " log fd@\(pipe.writeEnd) len 60000 format raw local0\n option httplog\n"
                + " http-request return status 200\n server s1 origin1\n")
        let client = try rig.client()
        let line = String(repeating: "a", count: 900)
        for _ in 0..<30 {
            let requests = String(repeating: "GET /\(line) HTTP/1.1\r\nHost: x\r\n\r\n", count: 100)
            var rest = Array(requests.utf8)[...]
            try rig.pump("the answers") {
                rest = rest.dropFirst(client.send(rest))
                client.read()
                return rest.isEmpty
            }
        }
        try rig.pump("all answers") { client.text.ranges(of: "HTTP/1.1 200 OK").count == 3000 }
        #expect(rig.core.counters.droppedLogs > 0)
    }
}
