// An established stream on its way from one worker to the next. It leaves when nothing of it is in the process: it
// reads no more, writes what it has, and then moves as its two descriptors.

import Migration
import Unix

/// Where a stream stands in a move.
enum StreamMigration: UInt8 {
    case none
    /// It reads no more, so that it can move.
    case leaving
    /// It is under way: nobody here looks at it.
    case moving
    /// It was asked, and stays.
    case staying
}

extension Stream {
    /// Nothing of it is in the process.
    var isEmptyHanded: Bool { request.isFlushed && response.isFlushed && !hasUnsent }

    /// One of its sides speaks TLS, whose state cannot leave the process.
    var isSealed: Bool { client?.tls != nil || connection?.tls != nil }

    /// Writes what it has; false: it goes on elsewhere, as soon as everything is written.
    func goesOnHere(_ client: ClientConnection, _ connection: ServerConnection) -> Bool {
        if migration == .staying || hasUnsent || isSealed { return true }
        if migration == .moving { return false }
        beginToLeave()
        let relay = Relay(core: core)
        if case .sinkFailed = relay.flush(&request, to: connection, bytes: &bytesIn) {
            countServerAbort()
            end(cause: "S", moment: "D")
            return false
        }
        if case .sinkFailed = relay.flush(&response, to: client, bytes: &bytesOut) {
            clientLost()
            return false
        }
        if isEmptyHanded { core.departures.enqueue(self) }
        return false
    }

    private func beginToLeave() {
        guard migration == .none else { return }
        migration = .leaving
        core.departures.beginsToLeave()
    }

    /// Stops looking at both connections; the successor is told what is returned. Nil: it cannot move yet, or at all.
    func leave() -> MovingTunnel? {
        guard phase == .tunnel, migration == .none || migration == .leaving, !isSealed, let client,
            let connection,
            let backend, let server, let address = server.address
        else { return nil }
        guard isEmptyHanded else {
            beginToLeave()
            return nil
        }
        var moving = MovingTunnel(
            client: client.movingClient, frontend: frontend.name, backend: backend.name, server: server.name,
            serverAddress: address)
        moving.serverDeadline = Instant(nanoseconds: connection.deadlineNanoseconds)
        moving.isHTTP = frontend.isHTTP
        moving.status = status
        moving.moments.began = began
        moving.moments.requestDone = requestDone
        moving.moments.assigned = assigned
        moving.moments.connected = connected
        moving.moments.responded = responded
        moving.clientSide.hasEnded = request.isComplete
        moving.clientSide.isShut = client.isShut
        moving.serverSide.hasEnded = response.isComplete
        moving.serverSide.isShut = connection.isShut
        moving.bytesIn = bytesIn
        moving.bytesOut = bytesOut
        moving.retries = retriesDone
        moving.wasRedispatched = wasRedispatched
        moving.serverQueuePosition = serverQueuePosition
        moving.backendQueuePosition = backendQueuePosition
        moving.cookieFound = cookieFound
        moving.cookieSet = cookieSet
        moving.requestLine = Array(requestLine.bytes)
        moving.tracked = tracked.moving
        moving.variables = variables.moving
        migration = .moving
        core.loop.remove(client)
        core.loop.remove(connection)
        return moving
    }

    /// Cut while it is under way. An admin's wish reaches whoever has it in the end, by the sockets themselves; at the
    /// hard stop only this worker's hold on it ends.
    func killOnTheWay() {
        if core.isCutting { return depart() }
        for connection in [client, connection] as [Connection?] {
            if let connection { Socket.shutdownBoth(connection.descriptor) }
        }
    }

    /// It was not taken: goes on here as it was.
    func comeBack(_ moving: MovingTunnel, as migration: StreamMigration) {
        self.migration = migration
        guard let client, let connection else { return }
        guard client.watchAgain(until: moving.client.deadline),
            connection.watchAgain(until: moving.serverDeadline)
        else { return end(cause: "P", moment: "D") }
    }

    /// Takes up what another worker has told.
    func resume(_ moving: MovingTunnel, _ connection: ServerConnection, _ backend: Backend) {
        let server = connection.server
        self.backend = backend
        self.server = server
        self.connection = connection
        connection.stream = self
        loggedServer = server
        server.usedConnections.rise()
        server.load.sessions.rise()
        backend.load.sessions.rise()
        phase = .tunnel
        isFirstRequest = false
        request.begin(.tunnel)
        response.begin(.tunnel)
        if moving.clientSide.hasEnded { request.endSource() }
        if moving.serverSide.hasEnded { response.endSource() }
        client?.isShut = moving.clientSide.isShut
        connection.isShut = moving.serverSide.isShut
        hasResponse = frontend.isHTTP
        status = moving.status
        began = moving.moments.began
        requestDone = moving.moments.requestDone
        assigned = moving.moments.assigned
        connected = moving.moments.connected
        responded = moving.moments.responded
        countOn(bytesIn: moving.bytesIn, bytesOut: moving.bytesOut)
        retriesDone = moving.retries
        wasRedispatched = moving.wasRedispatched
        serverQueuePosition = moving.serverQueuePosition
        backendQueuePosition = moving.backendQueuePosition
        cookieFound = moving.cookieFound
        cookieSet = moving.cookieSet
        moving.requestLine.withUnsafeBytes { requestLine.append($0) }
        for entry in moving.tracked {
            guard let found = core.tracked(entry) else { continue }
            tracked.resume(found, in: entry.slot, now: core.tick)
        }
        variables = VariableValues(moving.variables)
        core.loop.setDeadline(moving.serverDeadline, of: connection)
    }
}
