// What is said of each reason: how many, whose, what for, for how long.

extension WhyAlive.Reason {
    init(_ kind: WhyAliveKind, _ members: [Int], of report: ConnectionReport) {
        let connections = members.map { report.connections[$0] }
        let bounds = connections.map { $0.bound(report.timeouts) }
        let ends = bounds.map { bound -> WhyAlive.End in
            bound.seconds.map { .within($0) } ?? (bound.isUnknown ? .unknown : .never)
        }
        self.init(
            kind: kind, count: members.count,
            sentence: Self.sentence(kind, connections, report),
            certainty: Self.certainty(kind, connections),
            bound: Self.mostFrequent(bounds.map(\.words)).first?.text ?? "?",
            lastEnd: ends.dropFirst().reduce(ends.first ?? .unknown, WhyAlive.End.last),
            setting: Self.setting(kind, connections, report.timeouts), members: members)
    }

    var rank: Int { kind.rank }

    private static func certainty(
        _ kind: WhyAliveKind, _ connections: [WorkerConnection]
    ) -> WhyAlive.Certainty {
        if kind == .adminSession, connections.contains(where: { $0.holder == nil }) { return .likely }
        // Without its sockets a stream's state is the proxy's word only.
        let isBlind = connections.contains { $0.clientSide == nil && $0.activity != .admin }
        return isBlind && kind != .queued ? min(.likely, kind.certainty) : kind.certainty
    }

    private static func sentence(
        _ kind: WhyAliveKind, _ connections: [WorkerConnection], _ report: ConnectionReport
    ) -> String {
        let count = connections.count
        let whose = "of " + clients(connections)
        let span = connections.compactMap(\.idle).min().map { " for \(Wording.span(seconds: $0))" } ?? ""
        let idle = connections.compactMap(\.idle).min().map { ", silent \(Wording.span(seconds: $0))" } ?? ""
        func some(_ one: String, _ many: String? = nil) -> String {
            count == 1 ? "1 \(one)" : "\(count) \(many ?? one + "s")"
        }
        switch kind {
        case .adminSession:
            let owners = mostFrequent(connections.map { $0.holder?.words ?? "a process that is not known" })
            let age = connections.compactMap(\.age).max().map {
                ", open \(Wording.span(seconds: Double($0)))"
            }
            return (count == 1 ? "an admin session" : "\(count) admin sessions") + " of "
                + list(owners.map(\.text)) + (age ?? "")
        case .peers:
            return some("peers session") + " with "
                + list(mostFrequent(connections.map(\.client)).map(\.text))
        case .clientGone: return some("request") + " \(whose), whose client has reset (server silent\(span))"
        case .clientClosed:
            let what = connections.allSatisfy { $0.activity == .waiting } ? "long poll" : "request"
            return some(what) + " \(whose) whose client has gone (CLOSE_WAIT, server silent\(span))"
        case .tunnelClientClosed:
            return some("\(tunnel(connections, report))")
                + " \(whose): CLOSE_WAIT, client closed, server silent\(span)"
        case .serverClosed:
            return some("\(tunnel(connections, report))")
                + " \(whose): server closed, client does not end\(idle)"
        case .synSent:
            let tries = connections.compactMap { $0.serverSide?.retransmits }.max() ?? 0
            let again = tries > 0 ? ", sent \(tries + 1) times" : ""
            return some("request") + " in SYN_SENT to a dead server \(servers(connections))\(again)"
        case .connecting: return some("request") + " connecting to \(servers(connections))"
        case .queued:
            let backends = list(mostFrequent(connections.map { $0.backend ?? "?" }).map(\.text))
            return some("request") + " \(whose) in the queue of \(backends)"
        case .tarpitted: return some("tarpitted request") + " \(whose)"
        case .halfSentHead:
            return some("half-sent request")
                + " \(whose) (slow or dead client\(count == 1 ? "" : "s")\(idle))"
        case .halfSentBody:
            return some("request")
                + " \(whose) with a half-sent body (slow or dead client\(count == 1 ? "" : "s")\(idle))"
        case .silentClient: return some("connection") + " \(whose) on which no byte ever came\(idle)"
        case .longPoll: return some("long poll") + " \(whose), the server has not answered\(idle)"
        case .slowReader:
            let unsent = connections.compactMap { $0.clientSide?.unsent }.reduce(0, +)
            return some("answer") + " \(whose), \(Wording.size(bytes: unsent)) not taken by the client\(idle)"
        case .stalledAnswer: return some("answer") + " \(whose), half sent, the server is silent\(idle)"
        case .movingAnswer: return some("answer") + " \(whose) under way"
        case .idleTunnel: return some("idle \(tunnel(connections, report))") + " \(whose) (tunnel\(idle))"
        case .movingTunnel: return some("busy \(tunnel(connections, report))") + " \(whose)"
        case .reply:
            return some("answer of the proxy itself", "answers of the proxy itself")
                + " \(whose), not taken\(idle)"
        case .idleKeepAlive: return some("idle keep-alive connection") + " \(whose)\(idle)"
        case .unseen: return some("established connection") + " \(whose), of unknown state\(idle)"
        case .stopped, .stuck, .spinning: return ""
        }
    }

    private static func tunnel(_ connections: [WorkerConnection], _ report: ConnectionReport) -> String {
        let modes = Set(connections.map { report.timeouts.value?.isTCP(frontend: $0.frontend) })
        guard modes.count == 1, let mode = modes.first, let isTCP = mode else { return "tunnel" }
        return isTCP ? "TCP connection" : "WebSocket"
    }

    /// `10.0.0.7 and 10.0.0.9`, `10.0.0.7 (14), 10.0.0.9 (3) and 5 more clients`
    private static func clients(_ connections: [WorkerConnection]) -> String {
        let hosts = mostFrequent(connections.map(\.clientHost))
        let isOneEach = hosts.allSatisfy { $0.count == 1 } || hosts.count == 1
        let shown = hosts.prefix(hosts.count <= 3 ? 3 : 2).map {
            isOneEach ? $0.text : "\($0.text) (\($0.count))"
        }
        return list(shown, more: hosts.count - shown.count, noun: "client")
    }

    /// `10.0.0.3:80 (be/s1)`
    private static func servers(_ connections: [WorkerConnection]) -> String {
        let places = connections.map { connection in
            let name = [connection.backend, connection.server].compactMap(\.self).joined(separator: "/")
            guard let address = connection.serverSide?.remote else { return name.isEmpty ? "?" : name }
            return name.isEmpty ? address : "\(address) (\(name))"
        }
        let frequent = mostFrequent(places)
        let shown = frequent.prefix(2).map(\.text)
        return list(shown, more: frequent.count - shown.count, noun: "server")
    }

    private static func list(_ words: [String], more: Int = 0, noun: String = "") -> String {
        var words = words
        if more > 0 { words.append("\(more) more \(noun)\(more == 1 ? "" : "s")") }
        guard words.count > 1 else { return words.first ?? "?" }
        return words.dropLast().joined(separator: ", ") + " and " + words[words.count - 1]
    }

    /// Different words, the most frequent first.
    private static func mostFrequent(_ words: [String]) -> [(text: String, count: Int)] {
        var counts: [String: Int] = [:]
        for word in words { counts[word, default: 0] += 1 }
        return counts.map { (text: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.text) < ($0.count, $1.text) }
    }

    /// How the setting that would have ended these stands.
    private static func setting(
        _ kind: WhyAliveKind, _ connections: [WorkerConnection], _ timeouts: Known<LoadedTimeouts>
    ) -> String {
        if kind == .adminSession {
            switch timeouts {
            case .unknown: return "stats timeout"
            case .known(let loaded):
                let limit = loaded.adminMilliseconds ?? 10_000
                return "stats timeout, here \(Wording.span(milliseconds: limit)) of silence"
            }
        }
        guard let name = kind.setting else { return "hard-stop-after" }
        let also = kind.option.map { ", and \($0)" } ?? ""
        guard let loaded = timeouts.value else { return name.words + also }
        // Which proxy's it is, is not known where no stream names it: then it is any frontend's.
        let pairs = Set(
            connections.flatMap { connection in
                let fronts = connection.frontend.map { [$0] } ?? loaded.frontends.keys.sorted()
                return fronts.map { [$0, connection.backend ?? ""] }
            })
        let values = pairs.map { loaded.timeout(name, frontend: $0[0], backend: $0[1]) }
        guard let longest = values.compactMap(\.self).max(by: { $0.milliseconds < $1.milliseconds }),
            values.allSatisfy({ $0 != nil })
        else {
            let places = connections.first.flatMap { $0.frontend ?? $0.backend }.map { " in \($0)" } ?? ""
            return "\(name.words), not set\(places)\(also)"
        }
        let value = Wording.span(milliseconds: longest.milliseconds)
        if longest.name == name { return "\(name.words), here \(value)\(also)" }
        return "\(name.words), not set: \(longest.name.words) \(value) holds\(also)"
    }
}
