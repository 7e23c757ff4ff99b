// Chooses a server: weights spread evenly (round robin) or the fewest streams per weight (leastconn).

import ConfigLanguage

/// What choosing a server came to.
enum Choice {
    case server(Server)
    /// Servers are up, but all at their maxconn.
    case full
    /// No server is up.
    case none
}

extension Backend {
    /// The server for the next stream; `excluded` only where nobody else is up.
    func choose(excluding excluded: Server? = nil) -> Choice {
        if servers.count == 1 {
            let only = servers[0]
            guard only.isUsable else { return .none }
            return only.hasRoom ? .server(only) : .full
        }
        var isSomeoneUp = false
        var best: Server?
        var total = 0
        for server in servers where server.isUsable && !server.isBackup && server !== excluded {
            isSomeoneUp = true
            guard server.hasRoom else { continue }
            switch settings.balance {
            case .roundRobin:
                let share = server.share
                total += share
                server.credit += share
                if best.map({ server.credit > $0.credit }) ?? true { best = server }
            case .leastConn:
                if best.map({ server.isLessLoaded(than: $0) }) ?? true { best = server }
            }
        }
        if let best {
            best.credit -= total
            best.turn = nextTurn()
            return .server(best)
        }
        if isSomeoneUp { return .full }
        if let excluded, excluded.isUsable, !excluded.isBackup {
            return excluded.hasRoom ? .server(excluded) : .full
        }
        // The first backup serves when all others are down.
        guard let backup = servers.first(where: { $0.isUsable && $0.isBackup }) else { return .none }
        return backup.hasRoom ? .server(backup) : .full
    }

    private func nextTurn() -> Int {
        turns += 1
        return turns
    }
}

extension Server {
    @inline(__always)
    var hasRoom: Bool {
        guard let limit else { return true }
        return load.sessions.current < limit
    }

    /// Fewer streams per weight; of equals, the one that waited longest.
    fileprivate func isLessLoaded(than other: Server) -> Bool {
        let mine = load.sessions.current * other.share
        let theirs = other.load.sessions.current * share
        return mine == theirs ? turn < other.turn : mine < theirs
    }
}
