// Health checks beside real HAProxy: the same servers, the same words about them.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

@Suite(.serialized, .timeLimit(.minutes(5))) struct HealthCheckTests {
    /// What is asked of a server of the same proxy, which answers with what it was asked.
    private static let answered: [(name: String, lines: [String])] = [
        ("plain", ["option httpchk"]), ("uri", ["option httpchk /301"]),
        ("method", ["option httpchk GET /404"]),
        ("version", ["option httpchk GET /500 HTTP/1.1"]),
        ("listed", ["option httpchk /404", "http-check expect status 200-299,404"]),
        ("unlisted", ["option httpchk /500", "http-check expect status 200-299,404"]),
        ("pattern", ["option httpchk /301", "http-check expect rstatus ^3"]),
        ("negated", ["option httpchk /500", "http-check expect ! rstatus ^5"]),
        ("text", ["option httpchk /x", "http-check expect string \"OPTIONS /x 1.0\""]),
        ("notext", ["option httpchk", "http-check expect string nope"]),
        ("unwanted", ["option httpchk", "http-check expect ! string OPTIONS"]),
        ("regex", ["option httpchk", "http-check expect rstring ^OPT.*0"]),
        (
            "sent",
            [
                "option httpchk",
                "http-check send meth POST uri /h?q ver HTTP/1.1 hdr Host a hdr X \"b c\" body hello",
                "http-check expect string \"POST /h?q 1.1 a b c 5\"",
            ]
        ),
        ("nobody", ["option httpchk /empty", "http-check expect string x"]),
        ("tcp", ["option tcp-check"]),
        ("connect", ["option tcp-check", "tcp-check connect", "tcp-check connect"]),
        ("connection", []),
    ]

    private struct Seen: Equatable {
        var columns: [String]
        var lines: [String]
    }

    @Test func theSameServersAreSeenAlike() throws {
        var seen: [[String: Seen]] = []
        for kind in ProxyKind.allCases {
            let loopback = SocketAddress.ipv4(0x7f00_0001, port: 0)
            let silent = try Socket.stream(for: loopback)
            try Socket.bind(silent, to: loopback)
            try Socket.listen(silent, backlog: 128)
            let silentPort = try #require(try Socket.localAddress(silent.raw).port)
            let refusing = try FreePort.find()
            func backend(_ name: String, _ lines: [String], _ port: String) -> String {
                (["backend \(name)"] + lines.map { "    \($0)" } + [
                    "    server \(name) 127.0.0.1:\(port) check"
                ])
                .joined(separator: "\n")
            }
            let backends =
                Self.answered.map { backend($0.name, $0.lines, "ORIGIN") } + [
                    backend("silent", ["option httpchk"], "\(silentPort)"),
                    backend("refused", ["option httpchk"], "\(refusing)"),
                    backend("refused-tcp", ["option tcp-check", "tcp-check connect"], "\(refusing)"),
                    backend(
                        "refused-port", ["option tcp-check", "tcp-check connect port \(refusing)"], "ORIGIN"),
                ]
            let talk = try Conversation(
                kind,
                """
                    option log-health-checks
                    log stdout format raw local0
                    timeout check 300ms
                    default-server inter 300ms rise 2 fall 2
                frontend origin
                    bind 127.0.0.1:ORIGIN
                    no log
                    http-request return status 301 if { path /301 }
                    http-request return status 404 if { path /404 }
                    http-request return status 500 if { path /500 }
                    http-request return status 200 if { path /empty }
                    http-request return status 200 content-type text/plain lf-string "%[method] %[url] %[req.ver] %[hdr(host)] %[hdr(x)] %[hdr(content-length)]"
                frontend fe
                    bind 127.0.0.1:PORT
                    no log
                \(backends.joined(separator: "\n"))
                """)
            var servers: [String: Seen] = [:]
            try wait(for: "every check of \(kind)") {
                for (name, server) in try self.servers(talk)
                where !server.lines.isEmpty && !server.columns.contains("INI") {
                    servers[name] = servers[name] ?? server
                }
                return servers.count == backends.count
            }
            seen.append(
                servers.mapValues { server in
                    var server = server
                    server.columns = server.columns.map { $0.replacing("\(refusing)", with: "CLOSED") }
                    server.lines = server.lines.prefix(1).map { $0.replacing("\(refusing)", with: "CLOSED") }
                    return server
                })
        }
        for (name, ours) in seen[0] { #expect(ours == seen[1][name], "\(name)") }
    }

    /// The columns about checks in `show stat`, and the lines in the log, of every server that no check asks
    /// at this moment: HAProxy forgets the last check's words when the next one starts, and says so with a star.
    private func servers(_ talk: Conversation) throws -> [String: Seen] {
        let rows = try talk.proxy.ask("@1 show stat").split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let heading = try #require(rows.first).map { $0.hasPrefix("# ") ? String($0.dropFirst(2)) : $0 }
        let wanted = try ["status", "check_status", "check_code", "check_desc", "last_chk", "check_health"]
            .map {
                try #require(heading.firstIndex(of: $0))
            }
        var servers: [String: Seen] = [:]
        let log = talk.proxy.program.output.split(separator: "\n")
        for row in rows.dropFirst() where row.count > 1 && row[0] == row[1] {
            let columns = wanted.map { row[$0] }
            guard !columns.contains(where: { $0.hasPrefix("* ") }) else { continue }
            let lines = log.filter { $0.hasPrefix("Health check for server \(row[0])/\(row[1]) ") }.map {
                line in
                line.split(separator: ",").filter { !$0.hasPrefix(" check duration") }.joined(separator: ",")
            }
            servers[row[0]] = Seen(columns: columns, lines: lines)
        }
        return servers
    }
}
