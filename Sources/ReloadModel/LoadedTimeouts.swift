// The timeouts that a worker was loaded with, by proxy. They decide when a silent connection ends, and no running
// proxy tells them: the files are read at each load and the answer is kept with the worker.

/// The timeouts of all proxies of one load.
package struct LoadedTimeouts: Equatable, Sendable {
    /// As it stands behind `timeout`.
    package enum Name: String, Sendable, CaseIterable {
        case connect, client, server, tunnel, queue, tarpit
        case httpRequest = "http-request"
        case httpKeepAlive = "http-keep-alive"
        case clientFin = "client-fin"
        case serverFin = "server-fin"

        /// `timeout http-request`
        package var words: String {
            switch self {
            case .connect: "timeout connect"
            case .client: "timeout client"
            case .server: "timeout server"
            case .tunnel: "timeout tunnel"
            case .queue: "timeout queue"
            case .tarpit: "timeout tarpit"
            case .httpRequest: "timeout http-request"
            case .httpKeepAlive: "timeout http-keep-alive"
            case .clientFin: "timeout client-fin"
            case .serverFin: "timeout server-fin"
            }
        }

        /// What holds where this one is not set.
        fileprivate var fallback: Name? {
            switch self {
            case .httpKeepAlive: .httpRequest
            case .httpRequest: .client
            case .queue, .tarpit: .connect
            default: nil
            }
        }

        fileprivate var isOfClient: Bool {
            switch self {
            case .client, .clientFin, .httpRequest, .httpKeepAlive, .tarpit: true
            case .connect, .server, .serverFin, .tunnel, .queue: false
            }
        }
    }

    /// What one section sets, with what it has from its `defaults`.
    package struct Section: Equatable, Sendable {
        package var milliseconds: [Name: Int64] = [:]
        /// Without a mode a proxy passes TCP.
        package var isTCP = true
    }

    /// `frontend`, `backend` and `listen` sections by name.
    package var frontends: [String: Section]
    package var backends: [String: Section]
    /// `stats timeout`.
    package var adminMilliseconds: Int64?
    /// Names of the `peers` sections.
    package var peers: Set<String>

    package init(
        frontends: [String: Section] = [:], backends: [String: Section] = [:],
        adminMilliseconds: Int64? = nil,
        peers: Set<String> = []
    ) {
        self.frontends = frontends
        self.backends = backends
        self.adminMilliseconds = adminMilliseconds
        self.peers = peers
    }

    /// A timeout that holds for a stream, and its own name where another takes its place.
    package func timeout(
        _ name: Name, frontend: String?, backend: String?
    ) -> (name: Name, milliseconds: Int64)? {
        let front = frontend.flatMap { frontends[$0] }
        let back = backend.flatMap { backends[$0] }
        let own =
            name.isOfClient
            ? front?.milliseconds[name] ?? back?.milliseconds[name]
            : back?.milliseconds[name] ?? front?.milliseconds[name]
        if let own, own > 0 { return (name, own) }
        return name.fallback.flatMap { timeout($0, frontend: frontend, backend: backend) }
    }

    /// Whether a frontend passes plain TCP; nil for one that the files do not name.
    package func isTCP(frontend: String?) -> Bool? {
        frontend.flatMap { frontends[$0]?.isTCP }
    }

    /// Reads the files of a configuration in their order.
    package static func find(in texts: [String]) -> LoadedTimeouts {
        var reader = Reader()
        for line in texts.lazy.flatMap({ $0.split(whereSeparator: \.isNewline) }) {
            reader.take(ConfigurationLine.words(of: line))
        }
        reader.close()
        return reader.found
    }

    private struct Reader {
        var found = LoadedTimeouts()
        private var kind = ""
        private var name = ""
        private var section = Section()
        private var defaults = Section()
        private var namedDefaults: [String: Section] = [:]

        mutating func take(_ words: [String]) {
            guard let first = words.first else { return }
            if ConfigurationLine.sections.contains(first), words.count <= 4 {
                close()
                begin(words)
            } else if first == "timeout", words.count > 2, let timeout = Name(rawValue: words[1]) {
                section.milliseconds[timeout] = ConfigurationLine.milliseconds(words[2])
            } else if first == "mode", words.count > 1 {
                section.isTCP = words[1] == "tcp"
            } else if kind == "global", first == "stats", words.count > 2, words[1] == "timeout" {
                found.adminMilliseconds = ConfigurationLine.milliseconds(words[2])
            }
        }

        private mutating func begin(_ words: [String]) {
            kind = words[0]
            name = words.count > 1 ? words[1] : ""
            let parent = words.firstIndex(of: "from").flatMap {
                words.indices.contains($0 + 1) ? words[$0 + 1] : nil
            }
            section = parent.flatMap { namedDefaults[$0] } ?? (kind == "defaults" ? Section() : defaults)
        }

        mutating func close() {
            switch kind {
            case "defaults":
                defaults = section
                if !name.isEmpty { namedDefaults[name] = section }
            case "frontend": found.frontends[name] = section
            case "backend": found.backends[name] = section
            case "listen":
                found.frontends[name] = section
                found.backends[name] = section
            case "peers": found.peers.insert(name)
            default: break
            }
        }
    }
}
