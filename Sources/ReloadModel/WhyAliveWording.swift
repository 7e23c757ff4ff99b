// What is said of each reason: how many, whose, what for, for how long.

extension WhyAlive.Reason {
    init(_ kind: WhyAliveKind, _ group: WhyAliveEvidence.Group, timeouts: Known<LoadedTimeouts>) {
        var words: [String: Int] = [:]
        for (cause, count) in group.causes { words[cause.words, default: 0] += count }
        self.init(
            kind: kind, count: group.members.count, sentence: Self.sentence(kind, group, timeouts),
            certainty: Self.certainty(kind, group), bound: Self.mostFrequent(words).first?.text ?? "?",
            lastEnd: group.lastEnd ?? .unknown, setting: Self.setting(kind, group, timeouts),
            members: group.members)
    }

    var rank: Int { kind.rank }

    private static func certainty(
        _ kind: WhyAliveKind, _ group: WhyAliveEvidence.Group
    ) -> WhyAlive.Certainty {
        if kind == .adminSession, group.lacksOwner { return .likely }
        // Without its sockets a stream's state is the proxy's word only.
        return group.isBlind && kind != .queued ? min(.likely, kind.certainty) : kind.certainty
    }

    private static func sentence(
        _ kind: WhyAliveKind, _ group: WhyAliveEvidence.Group, _ timeouts: Known<LoadedTimeouts>
    ) -> String {
        let count = group.members.count
        let whose = "of " + clients(group)
        let span = group.leastIdle.map { " for \(Wording.span(seconds: $0))" } ?? ""
        let idle = group.leastIdle.map { ", silent \(Wording.span(seconds: $0))" } ?? ""
        func some(_ one: String, _ many: String? = nil) -> String {
            count == 1 ? "1 \(one)" : "\(count) \(many ?? one + "s")"
        }
        switch kind {
        case .adminSession:
            let owners = mostFrequent(group.owners)
            let age = group.oldest.map { ", open \(Wording.span(seconds: Double($0)))" }
            return (count == 1 ? "an admin session" : "\(count) admin sessions") + " of "
                + list(owners.map(\.text)) + (age ?? "")
        case .peers:
            return some("peers session") + " with "
                + list(mostFrequent(group.clients).map(\.text))
        case .clientGone: return some("request") + " \(whose), whose client has reset (server silent\(span))"
        case .clientClosed:
            let what = group.areAllWaiting ? "long poll" : "request"
            return some(what) + " \(whose) whose client has gone (CLOSE_WAIT, server silent\(span))"
        case .tunnelClientClosed:
            return some("\(tunnel(group, timeouts))")
                + " \(whose): CLOSE_WAIT, client closed, server silent\(span)"
        case .serverClosed:
            return some("\(tunnel(group, timeouts))")
                + " \(whose): server closed, client does not end\(idle)"
        case .synSent:
            let tries = group.mostRetransmits
            let again = tries > 0 ? ", sent \(tries + 1) times" : ""
            return some("request") + " in SYN_SENT to a dead server \(servers(group))\(again)"
        case .connecting: return some("request") + " connecting to \(servers(group))"
        case .queued:
            let backends = list(mostFrequent(group.backends).map(\.text))
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
            let unsent = Wording.size(bytes: group.unsentBytes)
            return some("answer") + " \(whose), \(unsent) not taken by the client\(idle)"
        case .stalledAnswer: return some("answer") + " \(whose), half sent, the server is silent\(idle)"
        case .movingAnswer: return some("answer") + " \(whose) under way"
        case .idleTunnel: return some("idle \(tunnel(group, timeouts))") + " \(whose) (tunnel\(idle))"
        case .movingTunnel: return some("busy \(tunnel(group, timeouts))") + " \(whose)"
        case .reply:
            return some("answer of the proxy itself", "answers of the proxy itself")
                + " \(whose), not taken\(idle)"
        case .idleKeepAlive: return some("idle keep-alive connection") + " \(whose)\(idle)"
        case .unseen: return some("established connection") + " \(whose), of unknown state\(idle)"
        case .stopped, .stuck, .spinning: return ""
        }
    }

    private static func tunnel(
        _ group: WhyAliveEvidence.Group, _ timeouts: Known<LoadedTimeouts>
    ) -> String {
        let modes = Set(group.routes.map { timeouts.value?.isTCP(frontend: $0.frontend) })
        guard modes.count == 1, let mode = modes.first, let isTCP = mode else { return "tunnel" }
        return isTCP ? "TCP connection" : "WebSocket"
    }

    /// `10.0.0.7 and 10.0.0.9`, `10.0.0.7 (14), 10.0.0.9 (3) and 5 more clients`
    private static func clients(_ group: WhyAliveEvidence.Group) -> String {
        let hosts = mostFrequent(group.hosts)
        let isOneEach = hosts.allSatisfy { $0.count == 1 } || hosts.count == 1
        let shown = hosts.prefix(hosts.count <= 3 ? 3 : 2).map {
            isOneEach ? $0.text : "\($0.text) (\($0.count))"
        }
        return list(shown, more: hosts.count - shown.count, noun: "client")
    }

    private static func servers(_ group: WhyAliveEvidence.Group) -> String {
        let frequent = mostFrequent(group.servers)
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
    private static func mostFrequent(_ counts: [String: Int]) -> [(text: String, count: Int)] {
        counts.map { (text: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.text) < ($0.count, $1.text) }
    }

    /// How the setting that would have ended these stands.
    private static func setting(
        _ kind: WhyAliveKind, _ group: WhyAliveEvidence.Group, _ timeouts: Known<LoadedTimeouts>
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
        let values = group.routes.flatMap { route in
            let fronts = route.frontend.map { [$0] } ?? Array(loaded.frontends.keys)
            return fronts.map { loaded.timeout(name, frontend: $0, backend: route.backend) }
        }
        guard let longest = values.compactMap(\.self).max(by: { $0.milliseconds < $1.milliseconds }),
            values.allSatisfy({ $0 != nil })
        else {
            let places = group.place.map { " in \($0)" } ?? ""
            return "\(name.words), not set\(places)\(also)"
        }
        let value = Wording.span(milliseconds: longest.milliseconds)
        if longest.name == name { return "\(name.words), here \(value)\(also)" }
        return "\(name.words), not set: \(longest.name.words) \(value) holds\(also)"
    }
}
