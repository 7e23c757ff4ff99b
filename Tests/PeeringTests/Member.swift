// A process's share in a `peers` section, on a test's own loop.

import ConfigLanguage
import Demo
import Glibc
import PeersProtocol
import Polling
import StickTables
import Testing
import Unix

@testable import Peering

/// Every type that can be stored.
let everyType: [StickTableDefinition.Stored] = DataType.allCases.map {
    .init($0, period: $0.kind == .rate ? 600_000 : 0)
}

func table(
    _ name: String = "mp/t", _ type: KeyType = .ip, peers: String = "mp", expire: UInt32 = 3_600_000,
    size: Int = 1_000_000, _ stored: [StickTableDefinition.Stored] = [.init(.gpc0)]
) -> StickTable {
    StickTable(
        StickTableDefinition(
            name: name, keyType: type, size: size, expire: expire, peers: peers, stored: stored), seed: 11)
}

extension StickTable {
    static func tick(_ loop: EventLoop) -> Tick { Tick(milliseconds: Instant.now().nanoseconds / 1_000_000) }

    func change(_ key: StickKey, gpc0: UInt64, _ loop: EventLoop) {
        guard let entry = findOrInsert(key, now: Self.tick(loop)) else { return }
        set(entry, .gpc0, to: gpc0)
        touch(entry, now: Self.tick(loop))
    }

    func gpc0(_ key: StickKey, _ loop: EventLoop) -> UInt64? {
        find(key, now: Self.tick(loop)).flatMap { number($0, .gpc0) }
    }
}

/// One side.
final class Member {
    let name: String
    let port: UInt16
    let loop: EventLoop
    let tables: [StickTable]
    let peering: Peering
    private let socket: Descriptor
    private(set) var lines: [String] = []

    private final class Lines {
        var all: [String] = []
    }
    private let said = Lines()
    var log: [String] { said.all }

    init(
        _ name: String, port: UInt16, others: [(name: String, port: UInt16)], tables: [StickTable],
        on loop: EventLoop
    ) throws {
        self.name = name
        self.port = port
        self.loop = loop
        self.tables = tables
        let place = Position(file: "t.cfg", line: 1)
        var section = PeersSection(name: "mp", position: place)
        for (peer, port) in [(name, port)] + others {
            section.peers.append(
                PeersSection.Peer(
                    name: peer, position: place,
                    endpoint: .tcp(host: "127.0.0.1", family: nil, port: .number(port)), isLocal: peer == name
                ))
        }
        var configuration = Configuration()
        configuration.peers = [section]
        configuration.localPeer = name
        let said = said
        peering = Peering(configuration, tables: tables, on: loop) { said.all.append($0) }
        let address = SocketAddress.ipv4(0x7f00_0001, port: port)
        socket = try Socket.stream(for: address)
        try Socket.setOption(socket.raw, SOL_SOCKET, SO_REUSEADDR, 1)
        try Socket.bind(socket, to: address)
        try Socket.listen(socket, backlog: 1024)
    }

    func start(hasLearned: Bool = false) throws {
        try peering.start(sockets: ["mp": socket.raw], hasLearned: hasLearned)
    }

    var section: RunningSection { peering.sections[0] }
    func peer(_ name: String) -> RunningPeer? { section.peers.first { $0.name == name } }
    func isTalking(with name: String) -> Bool { peer(name)?.session != nil }
}

/// A descriptor that a class may hold.
final class Held {
    var descriptor: Descriptor?
    init(_ descriptor: consuming Descriptor) { self.descriptor = consume descriptor }
    func take() -> Int32 {
        guard let descriptor = descriptor.take() else { return -1 }
        return descriptor.release()
    }
}
