// One configuration, served by HAProxy and by mwproxy, and the same things said to both: what they answer is compared.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

/// A running proxy of either kind, and what was said so far.
final class Conversation {
    let kind: ProxyKind
    let port: UInt16
    let proxy: RunningProxy
    private(set) var record: [String] = []

    /// `PORT`, `ORIGIN` and `FOLDER` in the text stand for free ports and the proxy's own folder; `files`: what
    /// lies in it.
    init(_ kind: ProxyKind, _ text: String, files: [String: String] = [:]) throws {
        self.kind = kind
        let ports = [try FreePort.find(), try FreePort.find()]
        port = ports[0]
        proxy = try RunningProxy(kind) { folder in
            for (name, content) in files { try folder.write(name, content) }
            // With several threads HAProxy's log lines change places.
            return """
                global
                    nbthread 1
                defaults
                    mode http
                    timeout client 10s
                    timeout server 10s
                    timeout connect 5s
                \(text)

                """.replacing("PORT", with: "\(ports[0])").replacing("ORIGIN", with: "\(ports[1])")
                    .replacing("FOLDER", with: folder.path)
        }
    }

    /// Sends requests over one connection, each with `Host: h`, and notes the answers. Header names are compared
    /// without case, and dates not at all. `header`: what another proxy says first.
    @discardableResult
    func request(_ line: String, _ headers: [String] = [], behind header: [UInt8] = []) throws -> String {
        let lines = (["\(line) HTTP/1.1", "Host: h"] + headers + ["Connection: close"]).joined(
            separator: "\r\n")
        // A proxy that refuses the connection closes it at once, or before or after the request has come: an empty
        // answer.
        let connection = try? Connection(port: port)
        try? connection?.send(header + Array("\(lines)\r\n\r\n".utf8))
        let answer = Self.plain((try? connection?.readToEnd()) ?? "")
        note(line, answer)
        return answer
    }

    /// One `GET` after the other, each over a connection of its own.
    func get(_ paths: String...) throws {
        for path in paths { try request("GET \(path)") }
    }

    /// The status of an answer to `line`; 0: the connection was closed without a word.
    @discardableResult
    func status(_ line: String, _ headers: [String] = []) throws -> Int {
        let words = try request(line, headers).split(separator: " ")
        return words.count > 1 ? Int(words[1]) ?? 0 : 0
    }

    /// Asks the worker; addresses and times of expiry are not compared.
    @discardableResult
    func ask(_ command: String) throws -> String {
        let text = try proxy.ask("@1 \(command)")
        // HAProxy's own HTTP client has lists too.
        let shown = text.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            !line.contains("file 'httpclient'")
        }
        let lines = shown.map { line in
            line.split(separator: " ", omittingEmptySubsequences: false).map { word in
                word.hasPrefix("0x")
                    ? (word.hasSuffix(":") ? "0x:" : "0x") : word.hasPrefix("exp=") ? "exp=" : String(word)
            }.joined(separator: " ").replacing(proxy.folder.path, with: "FOLDER")
        }
        let plain = lines.joined(separator: "\n")
        note(command, plain)
        return plain
    }

    /// Waits until each entry of a table whose entries last for `expire` is some milliseconds old, so that those that
    /// come next are younger.
    func waitUntilEntriesAge(in table: String, expire: Duration) throws {
        let youngest = expire.milliseconds - 2
        try wait(for: "the entries of \(table) to age") {
            let words = try proxy.ask("@1 show table \(table)").split(whereSeparator: { " \n".contains($0) })
            return words.filter { $0.hasPrefix("exp=") }
                .allSatisfy { Int64($0.dropFirst(4)).map { $0 <= youngest } ?? false }
        }
    }

    /// `show table` of a table, once no stream that has ended holds an entry any more.
    @discardableResult
    func askForTable(_ name: String) throws -> String {
        try wait(for: "the streams of \(kind) to let go of \(name)") {
            try proxy.ask("@1 show table \(name)").split(separator: " ").allSatisfy {
                !$0.hasPrefix("use=") || $0 == "use=0"
            }
        }
        return try ask("show table \(name)")
    }

    /// The lines of the log that begin with `line`.
    var logLines: [String] {
        proxy.program.output.split(separator: "\n").filter { $0.hasPrefix("line ") }.map(String.init)
    }

    /// What was said in another way than by `request`, and what came of it.
    func note(_ said: String, _ answered: String) {
        record.append("> \(said.replacing(proxy.folder.path, with: "FOLDER"))\n\(answered)")
    }

    private static func plain(_ answer: String) -> String {
        guard let end = answer.range(of: "\r\n\r\n") else { return answer }
        let head = answer[..<end.lowerBound].split(separator: "\r\n").compactMap { line -> String? in
            guard let colon = line.firstIndex(of: ":"), !line.hasPrefix("HTTP/") else { return String(line) }
            let name = line[..<colon].lowercased()
            return name == "date" || name == "connection" ? nil : name + line[colon...]
        }
        return head.joined(separator: "\n") + "\n\n" + answer[end.upperBound...]
    }

    /// Says the same to both, and expects the same answers.
    static func same(
        _ text: String, files: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation,
        _ talk: (Conversation) throws -> Void
    ) throws {
        var records: [ProxyKind: [String]] = [:]
        for kind in ProxyKind.allCases {
            let conversation = try Conversation(kind, text, files: files)
            try talk(conversation)
            records[kind] = conversation.record
        }
        let ours = records[.mwproxy] ?? []
        let theirs = records[.haproxy] ?? []
        #expect(ours.count == theirs.count, sourceLocation: sourceLocation)
        for (our, their) in zip(ours, theirs) {
            #expect(our == their, sourceLocation: sourceLocation)
        }
    }
}

extension String {
    fileprivate func replacing(_ text: String, with other: String) -> String {
        var result = self
        while let range = result.range(of: text) { result.replaceSubrange(range, with: other) }
        return result
    }

    fileprivate func range(of text: String) -> Range<String.Index>? {
        var start = utf8.startIndex
        while start < utf8.endIndex {
            if utf8[start...].starts(with: text.utf8) {
                return start..<utf8.index(start, offsetBy: text.utf8.count)
            }
            start = utf8.index(after: start)
        }
        return nil
    }
}
