// CPU time and memory of the proxy for clients that speak TLS, where OpenSSL does the most of it in both: handshakes
// that the proxy itself answers, requests and bodies on connections that stand, and connections that are idle.

import Demo
import Polling
import TestSupport
import Unix

enum TLSSection {
    /// A kind of private key, and the file of certificate and key.
    private enum Key: String, CaseIterable {
        case ecdsaP256 = "a.pem"
        case rsa2048 = "rsa.pem"
    }

    /// A load of handshakes, counted by CPU seconds.
    private struct Shaking {
        let name: String
        let key: Key
        let tls: LoadTLS
    }

    private static let handshakes = [
        Shaking(name: "full handshakes, ECDSA P-256", key: .ecdsaP256, tls: .full),
        Shaking(name: "full handshakes, RSA 2048", key: .rsa2048, tls: .full),
        Shaking(name: "resumptions", key: .ecdsaP256, tls: .resumed),
    ]
    private static let requests = [
        (
            name: "128 bytes over TLS, keep-alive",
            load: Load("128", .closedLoop(clients: 50, reuse: true), path: "/bytes/128", tls: .full)
        ),
        (
            name: "1 MiB over TLS, keep-alive",
            load: Load("1m", .closedLoop(clients: 16, reuse: true), path: "/bytes/1048576", tls: .full)
        ),
    ]
    private static let connections = 2000

    static func run(_ options: BenchOptions, into table: inout FigureTable) throws {
        let files = try Certificates()
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        let subjects = try options.subjects.map { try Secured($0, files, origin: origin, on: loop) }
        for one in handshakes {
            let rates = try pairs(options) { place in
                let load = Load(
                    "shake", .closedLoop(clients: 20, reuse: false), path: Secured.ownAnswer, tls: one.tls)
                return 100_000
                    / (try CostSection.measure(
                        subjects[place].subject, load, to: subjects[place].address(one.key),
                        seconds: options.seconds, on: loop))
            }
            table.add(rate: "\(one.name) / CPU s", rates[0], rates[1], target: 1.0)
        }
        for one in requests {
            let costs = try pairs(options) { place in
                try CostSection.measure(
                    subjects[place].subject, one.load, to: subjects[place].address(.ecdsaP256),
                    seconds: options.seconds, on: loop)
            }
            table.add("CPU s / 100,000 requests: \(one.name)", unit: "s", costs[0], costs[1], target: 1.0)
        }
        origin.stop()
        var costs: [[Double]] = [[], []]
        for round in 0..<min(options.rounds, 3) {
            for (place, kind) in options.order(inRound: round) {
                costs[place].append(try memory(kind, files))
            }
        }
        table.add("bytes per idle TLS connection", unit: "", costs[0], costs[1], target: 1.0)
    }

    /// One value a round of each subject.
    private static func pairs(_ options: BenchOptions, _ measure: (Int) throws -> Double) throws
        -> [[Double]]
    {
        var values: [[Double]] = [[], []]
        for round in 0..<options.rounds {
            for (place, _) in options.order(inRound: round) { values[place].append(try measure(place)) }
        }
        return values
    }

    private static func memory(_ kind: ProxyKind, _ files: Certificates) throws -> Double {
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        defer { origin.stop() }
        let secured = try Secured(kind, files, origin: origin, on: loop)
        func hold(_ count: Int, named name: String) throws -> Traffic {
            try MemorySection.hold(
                Load(name, .idle(clients: count), tls: .full), to: secured.address(.ecdsaP256), on: loop)
        }
        // What a worker takes once, for its first handshakes, is no connection's cost.
        _ = try hold(100, named: "warm")
        let before = secured.subject.workersAnonymous
        let traffic = try hold(connections, named: "idle")
        let after = secured.subject.workersAnonymous
        traffic.stop()
        return Double(after - before) / Double(connections)
    }
}

extension TLSSection {
    /// A proxy with a frontend for each kind of certificate.
    private struct Secured {
        let subject: Subject
        private let ports: [Key: UInt16]

        /// What the proxy answers by itself.
        static let ownAnswer = "/here"

        init(_ kind: ProxyKind, _ files: Certificates, origin: Origin, on loop: EventLoop) throws {
            let ports = try Dictionary(uniqueKeysWithValues: Key.allCases.map { ($0, try FreePort.find()) })
            let frontends = Key.allCases.map { key in
                """
                frontend \(key)
                    bind 127.0.0.1:\(ports[key] ?? 0) ssl crt \(files.file(key.rawValue)) tls-ticket-keys \(files.file("48.keys"))
                    http-request return status 200 content-type text/plain string here if { path \(Self.ownAnswer) }
                    default_backend app
                """
            }
            self.ports = ports
            subject = try Subject(
                kind, origin: origin, on: loop, sections: frontends.joined(separator: "\n"))
        }

        func address(_ key: Key) -> SocketAddress {
            .ipv4(0x7f00_0001, port: ports[key] ?? 0)
        }
    }
}
