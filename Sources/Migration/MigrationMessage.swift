// What a draining worker and its successor say to each other while connections move between them: one packet a
// message, over a packet socket that the master has made for the two.
//
//   successor                          draining worker
//     takes          →                   gives only what the successor takes
//                    ←  clients          each with its descriptor
//                    ←  tunnels          each with two: the client's, then the server's
//     answers        →                   closes its copies of what was taken or refused, goes on with what stays
//
// One batch is under way at a time, which paces the moves: the successor's own clients have their turn between two.
// The giver keeps its descriptors, untouched, until the answer is there; a socket that closes before means that all
// of the batch stays. The form has a version of its own, because the two may be of different releases.

import Handover

/// The version of the form that this binary writes and reads.
package let migrationVersion: UInt8 = 1

/// A message between a draining worker and its successor.
package enum MigrationMessage: Equatable, Sendable {
    /// Whether tunnels move: never, when this is said again, or from now on.
    package enum TunnelMoves: Int, Sendable { case never, later, now }

    /// From the successor: what it takes.
    case takes(idle: Bool, tunnels: TunnelMoves)
    /// A batch of client connections between two requests.
    case clients([MovingClient])
    /// A batch of established TCP streams and WebSockets.
    case tunnels([MovingTunnel])
    /// One answer for each connection of the batch, in its order.
    case answers([MoveAnswer])
    /// Nothing of the batch was taken.
    case declined(StayReason)
}

/// What became of one connection.
package enum MoveAnswer: Equatable, Sendable {
    /// The connection is the successor's.
    case taken
    /// The successor's rules do not admit it: it is closed.
    case refused
    case stays(StayReason)
}

/// Why a connection stays with the worker that drains.
package enum StayReason: UInt8, CaseIterable, Sendable {
    /// The successor's `tune.reload.migrate` is `off`.
    case off
    /// The successor's `tune.reload.migrate` is `idle`.
    case tunnelsNotAsked
    /// Its listener is not in the new configuration.
    case listenerGone
    /// The frontend has another name or mode.
    case frontendChanged
    /// The server is not in the new configuration, or has another address there.
    case serverGone
    /// A limit of the successor is reached: of the worker, the frontend, the listener or the server.
    case full
    /// One of the two has no descriptors left.
    case noDescriptors
    /// The successor drains itself.
    case leaving
    /// The two have no version of this language in common.
    case unknownVersion
    /// The receiver of what has come does not take it.
    case unreadBytes
    /// What must be told of it fits no packet.
    case tooLarge
    /// Its TLS cannot leave the process: only the kernel's own could.
    case tls

    /// As logs and screens tell it.
    package var words: String {
        switch self {
        case .off: "tune.reload.migrate off"
        case .tunnelsNotAsked: "tune.reload.migrate idle"
        case .listenerGone: "its listener is gone"
        case .frontendChanged: "its frontend has changed"
        case .serverGone: "its server is gone or elsewhere"
        case .full: "no room at maxconn"
        case .noDescriptors: "no descriptors left"
        case .leaving: "the new worker is leaving too"
        case .unknownVersion: "the new worker speaks another version"
        case .unreadBytes: "bytes wait for somebody who does not read"
        case .tooLarge: "too much is known of it"
        case .tls: "its TLS cannot leave the process without kernel TLS"
        }
    }
}

extension MigrationMessage {
    /// As one packet.
    package var encoded: [UInt8] {
        var writer: FieldWriter
        switch self {
        case .takes(let idle, let tunnels):
            writer = FieldWriter(kind: 1, version: migrationVersion)
            writer.put(idle)
            writer.put(tunnels.rawValue)
        case .clients(let clients):
            writer = FieldWriter(kind: 2, version: migrationVersion)
            writer.put(clients) { $0.put($1) }
        case .tunnels(let tunnels):
            writer = FieldWriter(kind: 3, version: migrationVersion)
            writer.put(tunnels) { $0.put($1) }
        case .answers(let answers):
            writer = FieldWriter(kind: 4, version: migrationVersion)
            writer.put(answers) { writer, answer in
                switch answer {
                case .taken: writer.put(0)
                case .refused: writer.put(1)
                case .stays(let reason): writer.put(2 + Int(reason.rawValue))
                }
            }
        case .declined(let reason):
            writer = FieldWriter(kind: 5, version: migrationVersion)
            writer.put(Int(reason.rawValue))
        }
        return writer.bytes
    }

    /// Refuses whole what is cut, too long, of another version, or out of range.
    package init(decoding bytes: [UInt8]) throws(MessageError) {
        var reader = try FieldReader(bytes, version: migrationVersion)
        switch reader.kind {
        case 1:
            let idle = try reader.bool()
            let number = try reader.integer()
            guard let tunnels = TunnelMoves(rawValue: number) else { throw .badField("tunnels \(number)") }
            self = .takes(idle: idle, tunnels: tunnels)
        case 2: self = .clients(try reader.list { reader throws(MessageError) in try reader.movingClient() })
        case 3: self = .tunnels(try reader.list { reader throws(MessageError) in try reader.movingTunnel() })
        case 4:
            self = .answers(
                try reader.list { reader throws(MessageError) in
                    switch try reader.integer() {
                    case 0: return .taken
                    case 1: return .refused
                    case let number: return .stays(try StayReason(number: number - 2))
                    }
                })
        case 5: self = .declined(try StayReason(number: try reader.integer()))
        case let kind: throw .unknownKind(kind)
        }
        try reader.end()
    }
}

extension StayReason {
    fileprivate init(number: Int) throws(MessageError) {
        guard let reason = UInt8(exactly: number).flatMap(StayReason.init(rawValue:)) else {
            throw .badField("reason \(number)")
        }
        self = reason
    }
}
