// How a worker leaves: accepts no more, tells its clients, and cuts what is left when its time is over.

import Unix

extension ProxyCore {
    /// No new stream starts here any more: closes this process's listeners. `removed`: keys of those that no
    /// successor serves; what is queued on them is accepted and served first. Streams go on; clients learn with
    /// their next response that the connection closes.
    package func stopAccepting(removed: Set<String>) {
        guard !isStopping else { return }
        for listener in listeners { listener.stop(servesQueue: removed.contains(listener.socket.key)) }
        isStopping = true
        for checker in checkers { checker.stop() }
        for server in backends.flatMap(\.servers) { server.endSlowStart() }
        for frontend in frontends { frontend.state = .stopped }
        for proxy in proxies {
            announce(
                proxy, .warning, level: 4,
                "Proxy \(proxy.name) stopped (cumulated conns: FE: \(proxy.frontend?.load.traffic.connections ?? 0), "
                    + "BE: \(proxy.backend?.load.traffic.sessions ?? 0)).")
        }
        drainedIfEmpty()
    }

    /// Cuts every connection that is left and logs each. Calls `drained` before it returns.
    /// `isOverdue`: `hard-stop-after` has passed, which the log says.
    package func hardStop(isOverdue: Bool = true) {
        stopAccepting(removed: [])
        if isOverdue {
            let words = "soft-stop running for too long, performing a hard-stop."
            report(.warning, words)
            for output in frontends.flatMap(\.logs).uniqued { send(words, level: 4, to: [output]) }
            for proxy in proxies {
                guard let left = proxy.frontend?.load.sessions.current, left > 0 else { continue }
                announce(
                    proxy, .warning, level: 4,
                    "Proxy \(proxy.name) hard-stopped (\(left) remaining conns will be closed).")
            }
        }
        isCutting = true
        for stream in live { stream.kill() }
        for client in clients { client.cut() }
        for server in backends.flatMap(\.servers) { server.closeIdle() }
        for output in frontends.flatMap(\.logs).uniqued { output.flush() }
        recycleStreams()
        drainedIfEmpty()
    }

    func drainedIfEmpty() {
        guard isStopping, clients.isEmpty, !hasDrained else { return }
        hasDrained = true
        for server in backends.flatMap(\.servers) { server.closeIdle() }
        drained?()
    }
}
