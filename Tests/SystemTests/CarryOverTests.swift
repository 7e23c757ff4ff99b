// Stick tables over reloads of the real binary: who is limited stays limited, whatever the age of the worker.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct CarryOverTests {
    /// `global`: a further line of that section.
    private func start(
        _ port: UInt16, peers: Bool = true, size: String = "10k", global: String = ""
    ) throws -> RunningProxy {
        let section = peers ? "peers mp\n    peer here 127.0.0.1:\(try FreePort.find())\n" : ""
        return try RunningProxy(.mwproxy, flags: ["-W", "-L", "here"]) { folder in
            """
            global
                mworker-max-reloads 5000
                \(global)
                stats socket \(folder.path)/worker.sock level admin
            defaults
                mode http
                timeout client 30s
                timeout server 5s
                timeout connect 5s
            \(section)
            frontend web
                bind 127.0.0.1:\(port)
                http-request track-sc0 src table limits
                http-request deny deny_status 429 if { sc_http_req_rate(0) gt 5 }
                http-request return status 200
            backend limits
                stick-table type ip size \(size) expire 10m \(peers ? "peers mp" : "") store http_req_rate(10m),gpc0

            """
        }
    }

    private func status(_ port: UInt16) throws -> String {
        let client = try Connection(port: port)
        try client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        let words = try client.readToEnd().split(separator: " ")
        return words.count > 1 ? String(words[1]) : "none"
    }

    private func ask(_ proxy: RunningProxy, _ command: String) throws -> String {
        try AdminClient.ask(proxy.folder.file("worker.sock"), command)
    }

    @Test func anAbuserStaysLimitedOverFiftyReloads() throws {
        let port = try FreePort.find()
        let proxy = try start(port)
        for _ in 0..<6 { _ = try status(port) }
        #expect(try status(port) == "429")
        for reload in 1...50 {
            // Every request until the new worker serves alone, whichever answers.
            try proxy.reload {
                let answer = try status(port)
                #expect(answer == "429", "reload \(reload)")
            }
            #expect(try status(port) == "429", "after reload \(reload)")
        }
        #expect(!proxy.program.errors.contains("stick table"), "\(proxy.program.errors)")
    }

    @Test func withoutPeersATableStartsEmpty() throws {
        let port = try FreePort.find()
        let proxy = try start(port, peers: false)
        for _ in 0..<7 { _ = try status(port) }
        #expect(try status(port) == "429")
        try proxy.reload()
        #expect(try status(port) == "200")
    }

    @Test func everyEntryIsThere() throws {
        let port = try FreePort.find()
        let proxy = try start(port)
        for block in 0..<20 {
            let commands = (0..<25).map { "set table limits key 10.0.\(block).\($0) data.gpc0 \(block)" }
            _ = try ask(proxy, commands.joined(separator: ";"))
        }
        #expect(try ask(proxy, "show table").contains("used:500"))
        try proxy.reload()
        #expect(try ask(proxy, "show table").contains("used:500"))
        #expect(try ask(proxy, "show table limits key 10.0.19.24").contains("gpc0=19"))
    }

    @Test func aHundredThousandEntriesCarryOver() throws {
        let port = try FreePort.find()
        let proxy = try start(port, size: "200k")
        let numbers = 0..<100_000
        for start in stride(from: 0, to: numbers.count, by: 150) {
            let commands = numbers[start..<min(numbers.count, start + 150)].map { number in
                "set table limits key 10.\(number >> 16).\(number >> 8 & 255).\(number & 255) data.gpc0 \(number)"
            }
            _ = try ask(proxy, commands.joined(separator: ";"))
        }
        #expect(try ask(proxy, "show table").contains("used:100000"))
        for reload in 1...2 {
            try proxy.reload()
            #expect(try ask(proxy, "show table").contains("used:100000"), "reload \(reload)")
            #expect(try ask(proxy, "show table limits key 10.1.134.159").contains("gpc0=99999"))
        }
        #expect(!proxy.program.errors.contains("stick table"), "\(proxy.program.errors)")
    }

    @Test func aWorkerThatDrainsTellsWhatChanges() throws {
        let port = try FreePort.find()
        // Half a request keeps the old worker.
        let proxy = try start(port, global: ProxyKind.mwproxy.keepsIdleClients)
        let held = try Connection(port: port)
        try held.send("GET / HTTP/1.1\r\n")
        let old = try #require(proxy.serving().first)
        try proxy.reload()
        try proxy.reload()
        #expect(proxy.children.contains(old))
        _ = try proxy.ask("@!\(old) set table limits key 192.0.2.1 data.gpc0 9")
        try wait(for: "the change to reach the worker that serves") {
            try ask(proxy, "show table limits key 192.0.2.1").contains("gpc0=9")
        }
    }

    @Test func whoIsNotTaughtSaysSo() throws {
        let port = try FreePort.find()
        let proxy = try start(port)
        let old = try #require(proxy.serving().first)
        // A predecessor that does not answer.
        kill(old, SIGSTOP)
        defer { kill(old, SIGKILL) }
        proxy.program.signal(SIGUSR2)
        try wait(for: "the successor to go on") {
            proxy.program.errors.contains(
                "not all has come from the worker before this one in time; going on after 5")
        }
    }
}
