// Debian's HAProxy as the other peer, in both directions: every type of key and of data, compared by its `show table`.

import ConfigLanguage
import Demo
import Glibc
import PeersProtocol
import Polling
import StickTables
import TestSupport
import Testing
import Unix

@testable import Peering

@Suite(.serialized, .enabled(if: access("/usr/sbin/haproxy", X_OK) == 0, "no haproxy is installed"))
struct HAProxyTests {
    /// HAProxy with a table of each type, and a member of ours beside it.
    private final class Stage {
        let folder: ScratchFolder
        let loop: EventLoop
        let port: UInt16
        let web: UInt16
        let ours: Member
        private(set) var program: RunningProgram?

        static let names = ["tip", "tip6", "tint", "tstr", "tbin"]

        init() throws {
            let folder = try ScratchFolder("peers-")
            let loop = try EventLoop()
            let (port, web, own) = (try FreePort.find(), try FreePort.find(), try FreePort.find())
            let stored = everyType.map { $0.period == 0 ? $0.type.name : "\($0.type.name)(10m)" }.joined(
                separator: ",")
            ours = try Member(
                "us", port: own, others: [("hap", port)],
                tables: [
                    table("mp/tip", .ip, everyType), table("mp/tip6", .ipv6, expire: 0),
                    table("mp/tint", .integer, [.init(.gpt0), .init(.gpc0)]),
                    table("mp/tstr", .string(length: 20)), table("mp/tbin", .binary(length: 6)),
                ], on: loop)
            try folder.write(
                "h.cfg",
                """
                global
                    stats socket \(folder.path)/h.sock level admin
                    localpeer hap
                defaults
                    mode http
                    timeout client 5s
                    timeout server 5s
                    timeout connect 5s
                peers mp
                    peer hap 127.0.0.1:\(port)
                    peer us 127.0.0.1:\(own)
                    table tip type ip size 1m expire 1h store \(stored)
                    table tip6 type ipv6 size 1m store gpc0
                    table tint type integer size 1m expire 1h store gpc0,gpt0
                    table tstr type string len 20 size 1m expire 1h store gpc0
                    table tbin type binary len 6 size 1m expire 1h store gpc0
                frontend f
                    bind 127.0.0.1:\(web)
                    tcp-request connection track-sc0 src table mp/tip
                    http-request track-sc1 path,bytes(1) table mp/tbin
                    http-request return status 200 if { path /self }
                    default_backend b
                backend b
                    stick on src table mp/tip
                    server first 127.0.0.1:\(web)
                    http-request set-path /self

                """)
            (self.folder, self.loop, self.port, self.web) = (folder, loop, port, web)
        }

        func startHAProxy() throws {
            program?.stop()
            let path = folder.path + "/h.sock"
            unlink(path)
            program = try RunningProgram(
                "/usr/sbin/haproxy", ["-db", "-f", folder.file("h.cfg")], in: folder, name: "haproxy")
            try wait(for: "haproxy's socket") { (try? ask("show info")) != nil }
        }

        func ask(_ command: String) throws -> String { try AdminClient.ask(folder.file("h.sock"), command) }

        /// Entries of all tables without what differs from process to process, and times that run.
        func entries() throws -> [String] {
            try Self.names.flatMap { name in
                try ask("show table mp/\(name)").split(separator: "\n").dropFirst().map { line in
                    name + " "
                        + line.split(separator: " ").dropFirst().filter {
                            !$0.hasPrefix("exp=") && !$0.hasPrefix("use=") && !$0.hasPrefix("conn_cur=")
                        }
                        .joined(separator: " ")
                }
            }.sorted()
        }

        func fill() throws {
            _ = try ask(
                "set table mp/tip key 1.2.3.4 data.conn_cnt 300 data.conn_rate 17 data.sess_cnt 2 data.sess_rate 3 "
                    + "data.http_req_cnt 5000 data.http_req_rate 400 data.http_err_cnt 5 data.http_err_rate 6 "
                    + "data.bytes_in_cnt 5000000000 data.bytes_in_rate 7000 data.bytes_out_cnt 8 "
                    + "data.bytes_out_rate 900000 data.gpc0 7 data.gpc0_rate 11 data.gpc1 8 data.gpc1_rate 12 "
                    + "data.gpt0 9")
            _ = try ask("set table mp/tip6 key 2001:db8::1 data.gpc0 5")
            _ = try ask("set table mp/tint key 70000 data.gpc0 5 data.gpt0 300")
            _ = try ask("set table mp/tstr key hello data.gpc0 1")
            let client = try Connection(port: web)
            try client.send("GET /x HTTP/1.0\r\n\r\n")
            _ = try client.readToEnd()
        }

        /// Everything has come, the server that the client was sent to as well: HAProxy tells of it last.
        var learned: Bool {
            guard zip(ours.tables, [2, 1, 1, 1]).allSatisfy({ $0.used >= $1 }), ours.tables[4].used >= 1
            else {
                return false
            }
            let local = ours.tables[0].find(.ip(0x7f00_0001), now: StickTable.tick(loop))
            return local.map { ours.tables[0].value($0, .serverKey) == .name("first") } ?? false
        }
    }

    @Test func everyTypeGoesToUsAndBackToAnEmptyHAProxy() throws {
        let stage = try Stage()
        try stage.startHAProxy()
        try stage.ours.start()
        try stage.loop.run(for: "a conversation") { stage.ours.isTalking(with: "hap") }
        try stage.fill()
        try stage.loop.run(for: "news of every table") { stage.learned }
        let before = try stage.entries()
        let now = StickTable.tick(stage.loop)
        let tip = stage.ours.tables[0]
        let entry = try #require(tip.find(.ip(0x0102_0304), now: now))
        for (type, number) in [
            (DataType.connCnt, 300), (.sessCnt, 2), (.httpReqCnt, 5000), (.httpErrCnt, 5),
            (.bytesInCnt, 5_000_000_000),
            (.bytesOutCnt, 8), (.gpc0, 7), (.gpc1, 8), (.gpt0, 9), (.connCur, 0),
        ] as [(DataType, UInt64)] {
            #expect(tip.number(entry, type) == number, "\(type.name)")
        }
        for (type, number) in [
            (DataType.connRate, 17), (.sessRate, 3), (.httpReqRate, 400), (.httpErrRate, 6),
            (.bytesInRate, 7000),
            (.bytesOutRate, 900_000), (.gpc0Rate, 11), (.gpc1Rate, 12),
        ] as [(DataType, UInt32)] {
            #expect(tip.rate(entry, type, now: now) == number, "\(type.name)")
        }
        let local = try #require(tip.find(.ip(0x7f00_0001), now: now))
        #expect(tip.value(local, .serverKey) == .name("first"))
        #expect(tip.number(local, .serverID) == 1)
        #expect(before.contains { $0.contains("server_key=first") })
        // HAProxy dies; another one with nothing in its tables is taught by us.
        try stage.startHAProxy()
        try stage.loop.run(for: "everything to be back") {
            try stage.entries() == before
        }
        #expect(stage.ours.log.allSatisfy { !$0.contains("malformed") })
    }

    @Test func ourNewsReachHAProxyWhileItRuns() throws {
        let stage = try Stage()
        try stage.startHAProxy()
        try stage.ours.start()
        try stage.loop.run(for: "a conversation") { stage.ours.isTalking(with: "hap") }
        for round in 1...3 as ClosedRange<UInt64> {
            stage.ours.tables[2].change(.integer(5), gpc0: round, stage.loop)
            stage.ours.tables[4].change(.binary([1, 2, 3, 4, 5, 6]), gpc0: round, stage.loop)
            try stage.loop.run(for: "round \(round)") {
                let entries = try stage.entries()
                return entries.contains("tint key=5 gpt0=0 gpc0=\(round)")
                    && entries.contains("tbin key=010203040506 gpc0=\(round)")
            }
        }
        // Both have said that they live, and know what the other has taken.
        try stage.loop.run(for: "heartbeats") {
            (stage.ours.peer("hap")?.beatsSaid ?? 0) > 0
        }
        let flow = try #require(stage.ours.peer("hap")?.session?.flows[2])
        #expect(flow.lastConfirmed == flow.lastTold)
        #expect(try stage.ask("show peers").contains("last_status=ESTA"))
    }

    @Test func aHAProxyThatDiesIsCalledAgain() throws {
        let stage = try Stage()
        try stage.startHAProxy()
        try stage.ours.start()
        try stage.loop.run(for: "a conversation") { stage.ours.isTalking(with: "hap") }
        stage.program?.stop()
        try stage.loop.run(for: "the end to be seen") { !stage.ours.isTalking(with: "hap") }
        try stage.startHAProxy()
        try stage.loop.run(for: "another conversation") {
            stage.ours.isTalking(with: "hap")
        }
    }
}
