// A client between two requests on its way from one worker to the next: what is told of it, and how it goes on.

import ConfigLanguage
import Migration
import StickTables
import Unix

extension ClientConnection {
    /// It carries no request now, and nobody has said that it must stay.
    var canMove: Bool {
        descriptor >= 0 && stream == nil && !staysHere && tls == nil
            && (stage == .requests || stage == .announced)
    }

    /// A further request may come: this worker serves, or the connection will move to the one that does.
    @inline(__always) var hasFuture: Bool {
        !core.isStopping || (core.movesIdle && !staysHere && tls == nil)
    }

    /// Stops looking at it; the successor is told what is returned.
    func leave() -> MovingClient {
        var moving = movingClient
        moving.headBegan = headBegan
        moving.isFirstRequest = isFirstRequest
        moving.awaitsHeader = stage == .announced
        if let held {
            moving.held = Array(held.bytes)
            moving.heldIsFresh = heldIsFresh
        }
        stage = .moving
        core.loop.remove(self)
        return moving
    }

    /// What is told of idle clients and of those with a tunnel alike.
    var movingClient: MovingClient {
        var moving = MovingClient(
            listener: listener.socket.key, peer: peer, accepted: accepted,
            deadline: Instant(nanoseconds: deadlineNanoseconds))
        if let session {
            moving.destination = session.localAddress
            moving.tracked = session.tracked.moving
            moving.variables = session.variables.moving
        }
        return moving
    }

    /// It was not taken: goes on here as it was.
    func comeBack(_ moving: MovingClient) {
        stage = moving.awaitsHeader ? .announced : .requests
        guard watchAgain(until: moving.deadline) else { return close() }
        if heldIsFresh { core.schedule(self) }
    }

    /// Takes up what another worker has told.
    func resume(_ moving: MovingClient) {
        isFirstRequest = moving.isFirstRequest
        stage = moving.awaitsHeader ? .announced : .requests
        if let destination = moving.destination { openSession().localAddress = destination }
        for entry in moving.tracked {
            guard let tracked = core.tracked(entry) else { continue }
            openSession().tracked.resume(tracked, in: entry.slot, now: core.tick)
        }
        if !moving.variables.isEmpty { openSession().variables = VariableValues(moving.variables) }
        takeUp(moving)
        core.loop.setDeadline(moving.deadline, of: self)
    }

    /// Serves what came with it.
    func goOn() {
        if heldIsFresh && stage == .requests { serve() }
    }
}

extension Connection {
    /// Watches a connection again that another worker was to have; false: that cannot be.
    func watchAgain(until deadline: Instant) -> Bool {
        do throws(Errno) {
            try core.loop.add(self, descriptor: descriptor, interest: .edges)
        } catch {
            core.descriptorsExhausted(error)
            return false
        }
        core.loop.setDeadline(deadline, of: self)
        return true
    }
}

extension TrackedEntries {
    var moving: [MovingEntry] {
        (0..<3).compactMap { slot in
            self[slot].map {
                MovingEntry(slot: slot, table: $0.table.name, key: $0.table.key(of: $0.entry))
            }
        }
    }
}

extension VariableValues {
    var moving: [MovingVariable] {
        map { variable, kept in
            let value: MovingVariable.Value =
                switch kept.sample {
                case .bool(let flag): .bool(flag)
                case .integer(let number): .integer(number)
                case .ipv4(let host): .ipv4(host)
                case .ipv6(let high, let low): .ipv6(high: high, low: low)
                case .text(let text): .text(Array(text))
                }
            return MovingVariable(scope: variable.scope.rawValue, name: variable.name, value: value)
        }
    }

    init(_ moving: [MovingVariable]) {
        self.init()
        for variable in moving {
            guard let scope = Variable.Scope(rawValue: variable.scope) else { continue }
            self[Variable(scope: scope, name: variable.name)] =
                switch variable.value {
                case .bool(let flag): .plain(.bool(flag))
                case .integer(let number): .plain(.integer(number))
                case .ipv4(let host): .plain(.ipv4(host))
                case .ipv6(let high, let low): .plain(.ipv6(high: high, low: low))
                case .text(let text): .text(ConstantBytes(text))
                }
        }
    }
}

extension ProxyCore {
    /// The entry of a table that another worker has tracked; nil where this configuration has no such table.
    func tracked(_ moving: MovingEntry) -> TrackedEntries.Tracked? {
        guard let table = tables[moving.table], table.definition.keyType.fits(moving.key),
            let entry = table.findOrInsert(moving.key, now: tick)
        else { return nil }
        return TrackedEntries.Tracked(table: table, entry: entry)
    }
}
