// Whoever is cut is told of: whatever ends a worker, each of its connections is a line in the log, also those that
// never asked for anything, and counts as cut.

import Glibc
import TestSupport
import Testing
import Unix

@testable import MasterWorker

extension RunningMasterTests {
    enum Ending: CaseIterable {
        case terminated, tooManyReloads, hardStop, masterLost
    }

    @Test(arguments: Ending.allCases) func everyConnectionThatIsCutIsLogged(by ending: Ending) throws {
        let origin = try Socket.stream(for: SocketAddress(numeric: "127.0.0.1", port: 0)!)
        try Socket.bind(origin, to: SocketAddress(numeric: "127.0.0.1", port: 0)!)
        try Socket.listen(origin, backlog: 8)
        let originPort = Int(try Socket.localAddress(origin.raw).port!)
        let tunnelPort = try freePort()
        let limits =
            "    mworker-max-reloads 1\n"
            + ([.hardStop, .masterLost].contains(ending) ? "    hard-stop-after 1s\n" : "")
        let master = try RunningMaster(
            global: limits,
            frontend: """
                    log stdout format raw local0
                    option httplog
                    option dontlognull
                \(Answer.text("one"))
                listen t
                    mode tcp
                    log stdout format raw local0
                    option tcplog
                    option dontlognull
                    bind 127.0.0.1:\(tunnelPort)
                    server s 127.0.0.1:\(originPort)
                """)
        let silent = try master.connect()
        let half = try master.connect()
        try half.send("GET / HTTP/1.1\r\nHo")
        let idle = try master.connect()
        try idle.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        let tunnel = try master.connect(tunnelPort)
        let worker = try #require(master.current)
        try wait(for: "all clients") { try master.ask("@1 show info").contains("CurrConns: 4\n") }
        try wait(for: "the one request") { master.program.output.contains("\"GET / HTTP/1.1\"\n") }
        switch ending {
        case .terminated: master.program.signal(SIGTERM)
        case .masterLost: master.program.signal(SIGKILL)
        case .hardStop: #expect(try master.ask("reload").hasPrefix("Success=1"))
        case .tooManyReloads:
            #expect(try master.ask("reload").hasPrefix("Success=1"))
            #expect(try master.ask("reload").hasPrefix("Success=1"))
        }
        var lines: [Substring] = []
        try wait(for: "four lines in \(master.program.output)") {
            lines = master.program.output.split(separator: "\n").filter {
                $0.contains(" - - KR-- ") || $0.contains(" K- ")
            }
            return lines.count == 4
        }
        let unread = try Regex(
            #"127\.0\.0\.1:\d+ \[[^\]]+\] f f/<NOSRV> -1/-1/-1/-1/\d+ 0 0 - - KR-- \d+/\d+/0/0/0 0/0 "<BADREQ>""#
        )
        #expect(lines.count { $0.wholeMatch(of: unread) != nil } == 3, "\(lines)")
        let tcp = try Regex(#"127\.0\.0\.1:\d+ \[[^\]]+\] t t/s \d+/\d+/\d+ 0 K- \d+/\d+/0/0/0 0/0"#)
        #expect(lines.count { $0.wholeMatch(of: tcp) != nil } == 1, "\(lines)")
        if ending == .hardStop || ending == .tooManyReloads {
            try master.wait(forLine: "Former worker (\(worker)) exited")
            #expect(try master.ask("show reloads json").contains("\"cut\":4"))
        }
        for client in [silent, half, idle, tunnel] { _ = try client.readToEnd() }
    }
}
