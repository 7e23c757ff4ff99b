// What a draining worker writes its successor must read, and anything else must be refused whole.

import Handover
import Migration
import StickTables
import Testing
import Unix

@Suite struct MigrationMessageTests {
    private static let client: MovingClient = {
        var client = MovingClient(
            listener: "unix@/run/a.sock#2049:12", peer: .ipv6(high: 1, low: .max, port: 443, scope: 2),
            accepted: Instant(nanoseconds: 12), deadline: .never)
        client.destination = .ipv4(0x7F00_0001, port: 80)
        client.headBegan = Instant(nanoseconds: 77)
        client.isFirstRequest = true
        client.tracked = [
            MovingEntry(slot: 0, table: "abuse", key: .ip(.max)),
            MovingEntry(slot: 1, table: "t", key: .ipv6(high: 1, low: .max)),
            MovingEntry(slot: 2, table: "ü", key: .string([0, 255])),
        ]
        client.variables = [
            MovingVariable(scope: "sess", name: "a", value: .text([])),
            MovingVariable(scope: "sess", name: "b", value: .bool(true)),
            MovingVariable(scope: "sess", name: "c", value: .integer(.min)),
        ]
        client.held = Array("GET / HT".utf8)
        client.heldIsFresh = true
        return client
    }()

    private static let tunnel: MovingTunnel = {
        var tunnel = MovingTunnel(
            client: MovingClient(
                listener: "tcp@::1:80", peer: .unix(path: ""), accepted: .never, deadline: .never),
            frontend: "fe", backend: "be", server: "s1", serverAddress: .abstract(name: "x\0\0"))
        tunnel.client.awaitsHeader = true
        tunnel.serverDeadline = Instant(nanoseconds: 9)
        tunnel.isHTTP = true
        tunnel.status = 101
        tunnel.moments.began = Instant(nanoseconds: 1)
        tunnel.moments.responded = Instant(nanoseconds: 5)
        tunnel.clientSide.hasEnded = true
        tunnel.serverSide.isShut = true
        tunnel.bytesIn = 1 << 40
        tunnel.bytesOut = 3
        tunnel.retries = 1
        tunnel.wasRedispatched = true
        tunnel.backendQueuePosition = 4
        tunnel.cookieSet = UInt8(ascii: "I")
        tunnel.requestLine = Array("GET /ws HTTP/1.1".utf8)
        tunnel.tracked = [MovingEntry(slot: 1, table: "t", key: .binary([1, 2]))]
        tunnel.variables = [
            MovingVariable(scope: "txn", name: "d", value: .ipv4(1)),
            MovingVariable(scope: "req", name: "e", value: .ipv6(high: .max, low: 0)),
        ]
        return tunnel
    }()

    static let messages: [MigrationMessage] =
        [
            .takes(idle: true, tunnels: .later), .clients([]), .clients([client, client]),
            .tunnels([tunnel]), .answers([.taken, .refused] + StayReason.allCases.map { .stays($0) }),
        ] + StayReason.allCases.map { .declined($0) }

    @Test(arguments: messages) func messagesReturn(_ message: MigrationMessage) throws {
        #expect(try MigrationMessage(decoding: message.encoded) == message)
    }

    @Test(arguments: messages) func whatIsCutOrTooLongIsRefused(_ message: MigrationMessage) {
        let bytes = message.encoded
        for count in 0..<bytes.count {
            #expect(throws: MessageError.self) { try MigrationMessage(decoding: Array(bytes[..<count])) }
        }
        #expect(throws: MessageError.trailingBytes(1)) { try MigrationMessage(decoding: bytes + [0]) }
    }

    @Test func anotherVersionIsNamed() {
        var bytes = MigrationMessage.takes(idle: true, tunnels: .now).encoded
        bytes[0] += 1
        #expect(throws: MessageError.version(found: migrationVersion + 1)) {
            try MigrationMessage(decoding: bytes)
        }
    }

    @Test func whatIsOutOfRangeIsRefused() {
        func message(_ kind: UInt8, _ fields: Int64...) -> [UInt8] {
            var writer = FieldWriter(kind: kind, version: migrationVersion)
            for field in fields { writer.put(field) }
            return writer.bytes
        }
        let wrong: [([UInt8], MessageError)] = [
            (message(9), .unknownKind(9)),
            (message(1, 2, 0), .badField("flag 2")),
            (message(1, 1, 3), .badField("tunnels 3")),
            (message(4, 1, -1), .badField("reason -3")),
            (message(5, 200), .badField("reason 200")),
            (message(2, .max), .cut),
        ]
        for (bytes, error) in wrong {
            #expect(throws: error) { try MigrationMessage(decoding: bytes) }
        }
    }
}
