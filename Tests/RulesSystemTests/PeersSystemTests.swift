// `show peers` beside HAProxy's, with HAProxy as the other peer; and what a section's own log is told.

import Demo
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct PeersSystemTests {
    private static func text(
        _ folder: ScratchFolder, here: UInt16, there: UInt16, web: UInt16, section: String = ""
    ) -> String {
        """
        global
            stats socket \(folder.path)/worker.sock level admin
        defaults
            mode http
            timeout client 10s
            timeout server 10s
            timeout connect 5s
        peers mp
            \(section)
            peer here 127.0.0.1:\(here)
            peer there 127.0.0.1:\(there)
        frontend fe
            bind 127.0.0.1:\(web)
            http-request return status 200
        backend clients
            stick-table type ip size 1k expire 1h peers mp store gpc0

        """
    }

    /// A line by its fields' names; what differs from run to run is left out.
    private static func shape(_ line: String) -> String {
        let blanks = String(line.prefix { $0 == " " })
        let words = line.split(separator: " ").map { word -> String in
            if word.hasPrefix("0x") { return word.hasSuffix(":") ? "0x:" : "0x" }
            if word.hasPrefix("[") { return "[date]" }
            if let colon = word.firstIndex(of: ":"), word[word.index(after: colon)...].hasPrefix("0x") {
                return word[...colon] + "0x"
            }
            let kept = ["id=", "last_status=", "disabled=", "state=", "xprt=", "local_id=", "remote_id="]
            guard let equals = word.firstIndex(of: "="), !kept.contains(where: { word.hasPrefix($0) }) else {
                return String(word)
            }
            return String(word[...equals])
        }
        return blanks + words.joined(separator: " ")
    }

    @Test func showPeersHasHAProxysForm() throws {
        var shapes: [ProxyKind: [String]] = [:]
        for kind in ProxyKind.allCases {
            let (here, there) = (try FreePort.find(), try FreePort.find())
            let (one, other) = (try FreePort.find(), try FreePort.find())
            let remote = try RunningProxy(.haproxy, flags: ["-W", "-L", "there"]) { folder in
                Self.text(folder, here: here, there: there, web: other)
            }
            let proxy = try RunningProxy(kind, flags: ["-W", "-L", "here"]) { folder in
                Self.text(folder, here: here, there: there, web: one)
            }
            func ask(_ proxy: RunningProxy, _ command: String) throws -> String {
                try AdminClient.ask(proxy.folder.file("worker.sock"), command)
            }
            try wait(for: "a conversation of \(kind)") {
                try ask(proxy, "show peers").contains("last_status=ESTA")
            }
            // Both have told of the table.
            _ = try ask(proxy, "set table clients key 192.0.2.1 data.gpc0 1")
            _ = try ask(remote, "set table clients key 192.0.2.2 data.gpc0 1")
            try wait(for: "both entries at both") {
                try ask(proxy, "show table clients").contains("192.0.2.2")
                    && ask(remote, "show table clients").contains("192.0.2.1")
            }
            var lines: [String] = []
            for command in ["show peers", "show peers mp", "show peers nope", "show peers dict mp"] {
                lines += try ask(proxy, command).split(separator: "\n", omittingEmptySubsequences: false).map
                {
                    Self.shape(String($0))
                }
            }
            // It tells of connections that the peer has opened, which is a matter of chance.
            shapes[kind] = lines.filter { !$0.contains("xprt=RAW src= addr=") }
        }
        let ours = shapes[.mwproxy]?.joined(separator: "\n")
        #expect(ours == shapes[.haproxy]?.joined(separator: "\n"))
    }

    @Test func theSectionsLogIsToldOfPeersAtFault() throws {
        let (here, web) = (try FreePort.find(), try FreePort.find())
        let proxy = try RunningProxy(.mwproxy, flags: ["-W", "-L", "here"]) { folder in
            Self.text(
                folder, here: here, there: try FreePort.find(), web: web,
                section: "log stdout format raw local0")
        }
        for (said, told) in [
            ("GET / HTTP/1.1\r\n\r\n\r\n", "expected 'HAProxyS 2.1'"),
            ("HAProxyS 2.1\nhere\nnobody 1 1\n", "is no peer of this section: 'nobody'"),
            ("HAProxyS 2.1\nelsewhere\nthere 1 1\n", "wants the peer 'elsewhere', expected 'here'"),
            ("HAProxyS 2.1\nhere\nthere 1 1\nnonsense", "peer 'there': unknown message class 110"),
        ] {
            let caller = try Connection(port: here)
            try caller.send(said)
            _ = try? caller.readToEnd()
            try wait(for: "the log to tell: \(told)") {
                proxy.program.output.split(separator: "\n").contains {
                    $0.contains("peers 'mp': ") && $0.contains(told)
                }
            }
        }
    }
}
