// Moving connections as fields of a message.

import Handover
import StickTables
import Unix

extension FieldWriter {
    mutating func put(_ flag: Bool) { put(flag ? 1 : 0) }

    private mutating func put(_ moment: Instant) { put(moment.nanoseconds) }

    private mutating func put(wide high: UInt64, _ low: UInt64) {
        put(Int64(bitPattern: high))
        put(Int64(bitPattern: low))
    }

    private mutating func put(_ address: SocketAddress) {
        switch address {
        case .ipv4(let host, let port):
            put(0)
            put(Int(host))
            put(Int(port))
        case .ipv6(let high, let low, let port, let scope):
            put(1)
            put(wide: high, low)
            put(Int(port))
            put(Int(scope))
        case .unix(let path):
            put(2)
            put(path)
        case .abstract(let name):
            put(3)
            put(name)
        }
    }

    private mutating func put(_ entry: MovingEntry) {
        put(entry.slot)
        put(entry.table)
        switch entry.key {
        case .ip(let host):
            put(0)
            put(Int(host))
        case .ipv6(let high, let low):
            put(1)
            put(wide: high, low)
        case .integer(let number):
            put(2)
            put(Int(number))
        case .string(let text):
            put(3)
            put(bytes: text)
        case .binary(let content):
            put(4)
            put(bytes: content)
        }
    }

    private mutating func put(_ variable: MovingVariable) {
        put(variable.scope)
        put(variable.name)
        switch variable.value {
        case .bool(let flag):
            put(0)
            put(flag)
        case .integer(let number):
            put(1)
            put(number)
        case .ipv4(let host):
            put(2)
            put(Int(host))
        case .ipv6(let high, let low):
            put(3)
            put(wide: high, low)
        case .text(let text):
            put(4)
            put(bytes: text)
        }
    }

    mutating func put(_ client: MovingClient) {
        put(client.listener)
        put(client.peer)
        put(optional: client.destination) { $0.put($1) }
        put(client.accepted)
        put(client.deadline)
        put(client.headBegan)
        put(client.isFirstRequest)
        put(client.awaitsHeader)
        put(client.tracked) { $0.put($1) }
        put(client.variables) { $0.put($1) }
        put(bytes: client.held)
        put(client.heldIsFresh)
    }

    mutating func put(_ tunnel: MovingTunnel) {
        put(tunnel.client)
        put(tunnel.frontend)
        put(tunnel.backend)
        put(tunnel.server)
        put(tunnel.serverAddress)
        put(tunnel.serverDeadline)
        put(tunnel.isHTTP)
        put(tunnel.status)
        put(tunnel.moments.began)
        put(tunnel.moments.requestDone)
        put(tunnel.moments.assigned)
        put(tunnel.moments.connected)
        put(tunnel.moments.responded)
        put(tunnel.clientSide.hasEnded)
        put(tunnel.clientSide.isShut)
        put(tunnel.serverSide.hasEnded)
        put(tunnel.serverSide.isShut)
        put(tunnel.bytesIn)
        put(tunnel.bytesOut)
        put(tunnel.retries)
        put(tunnel.wasRedispatched)
        put(tunnel.serverQueuePosition)
        put(tunnel.backendQueuePosition)
        put(Int(tunnel.cookieFound))
        put(Int(tunnel.cookieSet))
        put(bytes: tunnel.requestLine)
        put(tunnel.tracked) { $0.put($1) }
        put(tunnel.variables) { $0.put($1) }
    }
}

extension MovingClient {
    /// Bytes that it takes in a message.
    package var encodedSize: Int {
        var writer = FieldWriter(kind: 0)
        writer.put(self)
        return writer.bytes.count
    }
}

extension MovingTunnel {
    /// Bytes that it takes in a message.
    package var encodedSize: Int {
        var writer = FieldWriter(kind: 0)
        writer.put(self)
        return writer.bytes.count
    }
}

extension FieldReader {
    mutating func bool() throws(MessageError) -> Bool {
        switch try integer() {
        case 0: return false
        case 1: return true
        case let number: throw .badField("flag \(number)")
        }
    }

    private mutating func moment() throws(MessageError) -> Instant {
        Instant(nanoseconds: try integer64())
    }

    private mutating func number<Number: FixedWidthInteger>(
        _ type: Number.Type, _ what: String
    ) throws(MessageError) -> Number {
        let found = try integer()
        guard let number = Number(exactly: found) else { throw .badField("\(what) \(found)") }
        return number
    }

    private mutating func wide() throws(MessageError) -> (high: UInt64, low: UInt64) {
        (UInt64(bitPattern: try integer64()), UInt64(bitPattern: try integer64()))
    }

    private mutating func address() throws(MessageError) -> SocketAddress {
        switch try integer() {
        case 0: return .ipv4(try number(UInt32.self, "host"), port: try number(UInt16.self, "port"))
        case 1:
            let (high, low) = try wide()
            return .ipv6(
                high: high, low: low, port: try number(UInt16.self, "port"),
                scope: try number(UInt32.self, "scope"))
        case 2: return .unix(path: try text())
        case 3: return .abstract(name: try text())
        case let kind: throw .badField("address of kind \(kind)")
        }
    }

    private mutating func entries() throws(MessageError) -> [MovingEntry] {
        try list { reader throws(MessageError) in try reader.entry() }
    }

    private mutating func entry() throws(MessageError) -> MovingEntry {
        let slot = try integer()
        let table = try text()
        let key: StickKey
        switch try integer() {
        case 0: key = .ip(try number(UInt32.self, "key"))
        case 1:
            let (high, low) = try wide()
            key = .ipv6(high: high, low: low)
        case 2: key = .integer(try number(UInt32.self, "key"))
        case 3: key = .string(try byteString())
        case 4: key = .binary(try byteString())
        case let kind: throw .badField("key of kind \(kind)")
        }
        return MovingEntry(slot: slot, table: table, key: key)
    }

    private mutating func variables() throws(MessageError) -> [MovingVariable] {
        try list { reader throws(MessageError) in try reader.variable() }
    }

    private mutating func variable() throws(MessageError) -> MovingVariable {
        let scope = try text()
        let name = try text()
        let value: MovingVariable.Value
        switch try integer() {
        case 0: value = .bool(try bool())
        case 1: value = .integer(try integer64())
        case 2: value = .ipv4(try number(UInt32.self, "host"))
        case 3:
            let (high, low) = try wide()
            value = .ipv6(high: high, low: low)
        case 4: value = .text(try byteString())
        case let kind: throw .badField("value of kind \(kind)")
        }
        return MovingVariable(scope: scope, name: name, value: value)
    }

    mutating func movingClient() throws(MessageError) -> MovingClient {
        var client = MovingClient(
            listener: try text(), peer: try address(), accepted: .never, deadline: .never)
        client.destination = try optional { reader throws(MessageError) in try reader.address() }
        client.accepted = try moment()
        client.deadline = try moment()
        client.headBegan = try moment()
        client.isFirstRequest = try bool()
        client.awaitsHeader = try bool()
        client.tracked = try entries()
        client.variables = try variables()
        client.held = try byteString()
        client.heldIsFresh = try bool()
        return client
    }

    mutating func movingTunnel() throws(MessageError) -> MovingTunnel {
        var tunnel = MovingTunnel(
            client: try movingClient(), frontend: try text(), backend: try text(), server: try text(),
            serverAddress: try address())
        tunnel.serverDeadline = try moment()
        tunnel.isHTTP = try bool()
        tunnel.status = try integer()
        tunnel.moments.began = try moment()
        tunnel.moments.requestDone = try moment()
        tunnel.moments.assigned = try moment()
        tunnel.moments.connected = try moment()
        tunnel.moments.responded = try moment()
        tunnel.clientSide.hasEnded = try bool()
        tunnel.clientSide.isShut = try bool()
        tunnel.serverSide.hasEnded = try bool()
        tunnel.serverSide.isShut = try bool()
        tunnel.bytesIn = try integer()
        tunnel.bytesOut = try integer()
        tunnel.retries = try integer()
        tunnel.wasRedispatched = try bool()
        tunnel.serverQueuePosition = try integer()
        tunnel.backendQueuePosition = try integer()
        tunnel.cookieFound = try number(UInt8.self, "letter")
        tunnel.cookieSet = try number(UInt8.self, "letter")
        tunnel.requestLine = try byteString()
        tunnel.tracked = try entries()
        tunnel.variables = try variables()
        return tunnel
    }
}
