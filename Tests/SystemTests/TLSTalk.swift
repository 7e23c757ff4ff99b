// A proxy of either kind that speaks TLS by a configuration, and what is said to it.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

/// One after the other, but beside those that put load on a proxy: these mostly wait.
@Suite(.serialized) struct TLSSystemTests {}

/// A running proxy with two free ports and the certificates of all tests.
final class TLSTalk {
    let kind: ProxyKind
    let port: UInt16
    let otherPort: UInt16
    let files: Certificates
    let folder: ScratchFolder
    let proxy: RunningProxy
    private let text: String

    /// `PORT`, `OTHER`, `CERTS` and `FOLDER` in the text stand for two ports of this proxy and for folders;
    /// `content`: what lies in its own folder.
    init(
        _ kind: ProxyKind, _ text: String, content: [String: String] = [:], ports: [UInt16]? = nil,
        in given: ScratchFolder? = nil
    ) throws {
        self.kind = kind
        self.text = text
        files = try Certificates.shared.get()
        let folder = try given ?? ScratchFolder("tls-")
        self.folder = folder
        let ports = try ports ?? [FreePort.find(), FreePort.find()]
        (port, otherPort) = (ports[0], ports[1])
        for (name, content) in content { try folder.write(name, content) }
        let whole = Self.whole(text, ports, folder, files)
        proxy = try RunningProxy(kind, in: folder) { _ in whole }
    }

    private static func whole(
        _ text: String, _ ports: [UInt16], _ folder: ScratchFolder, _ files: Certificates
    ) -> String {
        """
        global
            nbthread 1
            stats socket \(folder.file("worker.sock")) level admin
            mworker-max-reloads 1000
        defaults
            mode http
            timeout client 30s
            timeout server 30s
            timeout connect 5s
        \(text)

        """.replacing("PORT", with: "\(ports[0])").replacing("OTHER", with: "\(ports[1])")
            .replacing("CERTS", with: files.path).replacing("FOLDER", with: folder.path)
    }

    /// The same file with another text.
    func configure(_ text: String) throws {
        try proxy.configure(Self.whole(text, [port, otherPort], folder, files))
    }

    func client(_ terms: TLSClient.Terms = .init()) throws -> TLSClient {
        try TLSClient(port: port, terms)
    }

    /// The body of the answer to a `GET`, over a connection of its own.
    func get(_ path: String = "/", _ terms: TLSClient.Terms = .init()) throws -> (
        body: String, client: TLSClient
    ) {
        let client = try client(terms)
        guard try client.shakeHands() else { return ("no handshake", client) }
        let answer = try client.get(path)
        return (answer.split(separator: "\r\n").last.map(String.init) ?? "", client)
    }

    /// What the connection was told by a fault, so that two proxies can be compared.
    static func outcome(_ path: String, _ client: TLSClient) throws -> String {
        guard try client.shakeHands() else { return "\(client.ending.map { "\($0)" } ?? "")" }
        let (version, peer, alpn) = (client.version, client.peer, client.applicationProtocol)
        // With TLS 1.3 a refusal comes after this side's handshake.
        try? client.send("GET \(path) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        let answer = try client.readToEnd()
        if answer.isEmpty { return "\(client.ending.map { "\($0)" } ?? "")" }
        let status = answer.prefix { $0 != "\r\n" }
        let body = answer.split(separator: "\r\n").last ?? ""
        return "\(version) \(client.peerKey) \(peer) [\(alpn)] \(status): \(body)"
    }

    /// The lines of the log that hold `word`, without what stands before it.
    func logLines(with word: String) -> [String] {
        proxy.program.output.split(separator: "\n").compactMap { line in
            line.firstRange(of: word).map { String(line[$0.lowerBound...]) }
        }
    }

    /// One column of `show stat` of a row.
    func stat(_ proxyName: String, _ rowName: String, _ column: String) throws -> String? {
        let lines = try proxy.ask("@1 show stat").split(separator: "\n")
        let names = lines.first?.drop { $0 == "#" || $0 == " " }.split(separator: ",") ?? []
        let row = lines.first { $0.hasPrefix("\(proxyName),\(rowName),") }?
            .split(separator: ",", omittingEmptySubsequences: false)
        guard let place = names.firstIndex(where: { $0 == column }), let row else { return nil }
        return String(row[place])
    }
}

/// Runs a proxy's `-c` over a file; the end and everything it said.
func checked(_ kind: ProxyKind, _ path: String) throws -> (end: ProcessEnd, said: String) {
    let run = try Program.run(try kind.program, ["-c", "-f", path])
    return (run.end, run.output + run.errors)
}
