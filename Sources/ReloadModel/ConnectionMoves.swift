// What an old worker has given to its successor, and why the rest stays with it: mwproxy moves idle clients and, where
// asked, tunnels; HAProxy moves nothing. What has moved is neither finished nor cut.

/// Connections of an old worker that could have moved to its successor.
package struct ConnectionMoves: Equatable, Sendable {
    /// Connections that stayed for one reason.
    package struct Stayed: Equatable, Sendable {
        /// In the proxy's own words: `its listener is gone`.
        package var reason: String
        package var count: Int

        package init(_ reason: String, count: Int) {
            self.reason = reason
            self.count = count
        }
    }
    /// Client connections between two requests that have moved.
    package var idle: Int
    /// Established TCP streams and WebSockets that have moved.
    package var tunnels: Int
    /// Closed, because the successor's rules do not admit them.
    package var refused: Int
    package var stayed: [Stayed]

    package init(idle: Int, tunnels: Int, refused: Int = 0, stayed: [Stayed] = []) {
        self.idle = idle
        self.tunnels = tunnels
        self.refused = refused
        self.stayed = stayed
    }

    /// Why nothing is known of moves where the proxy has none.
    package static let onlyOurs = Unknown("only mwproxy moves connections")

    /// All that its successor has now.
    package var moved: Int { idle + tunnels }

    /// All that left it for its successor, those that were closed there as well.
    var departed: Int { moved + refused }

    /// Of two workers together; a reason of both is told once.
    static func + (left: ConnectionMoves, right: ConnectionMoves) -> ConnectionMoves {
        var sum = ConnectionMoves(
            idle: left.idle + right.idle, tunnels: left.tunnels + right.tunnels,
            refused: left.refused + right.refused, stayed: left.stayed)
        for stayed in right.stayed {
            if let same = sum.stayed.firstIndex(where: { $0.reason == stayed.reason }) {
                sum.stayed[same].count += stayed.count
            } else {
                sum.stayed.append(stayed)
            }
        }
        return sum
    }

    // MARK: Words

    /// `8000 idle connections and 20 tunnels moved`, `4 closed: the new rules reject them`
    package var departures: [String] {
        let parts = [
            idle > 0 ? Wording.count(idle, "idle connection") : nil,
            tunnels > 0 ? Wording.count(tunnels, "tunnel") : nil,
        ].compactMap(\.self)
        let isPlain = refused == 0 && stayed.isEmpty
        var words = parts.isEmpty ? [] : [parts.joined(separator: " and ") + " moved"]
        if parts.isEmpty, isPlain { words = ["no connection moved"] }
        if refused > 0 {
            words.append("\(refused) closed: the new rules reject \(refused == 1 ? "it" : "them")")
        }
        return words
    }

    /// `20 tunnels stay: tune.reload.migrate idle`; in the past tense of a worker that has ended.
    package func remains(hasEnded: Bool) -> [String] {
        stayed.filter { $0.count > 0 }.map { stayed in
            let verb = hasEnded ? "stayed" : stayed.count == 1 ? "stays" : "stay"
            return "\(stayed.what) \(verb): \(stayed.reason)"
        }
    }
}

extension ConnectionMoves.Stayed {
    private static let idleOnly = "tune.reload.migrate idle"
    private static let tls = "its TLS cannot leave the process without kernel TLS"

    /// `20 tunnels`, `3 connections`, `7 TLS connections`
    package var what: String {
        switch reason {
        case Self.idleOnly: Wording.count(count, "tunnel")
        case Self.tls: Wording.count(count, "TLS connection")
        default: Wording.count(count, "connection")
        }
    }

    /// What would move them at the next reload; nil where nothing of the settings would, or the reason says it.
    package var remedy: String? {
        switch reason {
        case "tune.reload.migrate off":
            "tune.reload.migrate idle (or tunnels) in global of the next file would move them"
        case Self.idleOnly: "tune.reload.migrate tunnels in global of the next file would move them"
        case "no room at maxconn": "a higher maxconn in the next file would move them"
        case "no descriptors left":
            "a higher limit of descriptors (ulimit-n) in the next file would move them"
        default: nil
        }
    }

    /// Said behind a remedy: unlike timeouts it acts on what runs already.
    package static let remedyActs = "each reload asks again, and the newest file decides, also for these"
}
