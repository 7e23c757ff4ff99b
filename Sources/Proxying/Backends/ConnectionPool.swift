// The idle connections of a server: the one that was used last is used first, as it is the least likely to be
// closed by the server and its memory is warm.

import Unix

extension Server {
    /// How long a connection may wait for a request.
    static let idleNanoseconds: Int64 = 10_000_000_000

    /// The connection that became idle last. `name`: of those that were made for this name, where `sni` is set.
    @inline(__always)
    func popIdle(named name: String?) -> ServerConnection? {
        if sni != nil { return takeIdle { $0.tls?.requestedName == name } }
        return takeLast()
    }

    @inline(__always)
    private func takeLast() -> ServerConnection? {
        guard let connection = idle.popLast() else { return nil }
        connection.isPooled = false
        idleConnections = idle.count
        return connection
    }

    private func takeIdle(where fits: (ServerConnection) -> Bool) -> ServerConnection? {
        guard let index = idle.lastIndex(where: fits) else { return nil }
        idle.append(idle.remove(at: index))
        return takeLast()
    }

    /// Keeps a connection for the next stream; false: there are enough, close it.
    @inline(__always)
    func pushIdle(_ connection: ServerConnection) -> Bool {
        if followsClient { return false }
        // No more than were needed at a time, and one.
        guard idle.isEmpty || idle.count + usedConnections.current <= usedConnections.max else {
            return false
        }
        if let most = options.poolMaxConn, idle.count >= most { return false }
        connection.isPooled = true
        idle.append(connection)
        idleConnections = idle.count
        return true
    }

    func removeIdle(_ connection: ServerConnection) {
        if let index = idle.lastIndex(where: { $0 === connection }) { idle.remove(at: index) }
        connection.isPooled = false
        idleConnections = idle.count
    }

    func closeIdle() {
        let connections = idle
        idle = []
        idleConnections = 0
        for connection in connections { connection.close() }
    }
}
