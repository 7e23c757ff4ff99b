// Two channels of one loop that talk to each other over sockets, with a hand on every byte that a slow reader takes.

import Glibc
import TestSupport
import Testing
import Unix

@testable import TLS

/// A server's channel and a client's, which trusts everybody. Bytes for the client go through a pair of sockets of
/// their own, so that the client gets as many at a time as the test lets through.
final class Line {
    let server: TLSChannel
    let client: TLSChannel
    private let workspace: TLSWorkspace
    private let near: Pair
    private let far: Pair
    /// What the client has received.
    private(set) var received: [UInt8] = []
    private var room = [UInt8](repeating: 0, count: 1 << 18)

    /// `sendBuffer`: what the kernel keeps for the server, in bytes.
    init(
        _ acceptor: TLSAcceptor, _ limits: ProtocolTerms = ProtocolTerms(), name: String? = nil,
        sendBuffer: Int32? = nil
    ) throws {
        workspace = try TLSWorkspace()
        near = try Socket.streamPair()
        far = try Socket.streamPair()
        if let sendBuffer {
            try Socket.setOption(near.one.raw, SOL_SOCKET, SO_SNDBUF, sendBuffer)
            try Socket.setOption(far.other.raw, SOL_SOCKET, SO_SNDBUF, sendBuffer)
        }
        let connector = try TLSConnector(
            limits, verification: Verification(), trust: nil, identity: nil, requiredHost: nil,
            reusesSessions: true)
        server = try #require(acceptor.channel(on: near.one.raw, in: workspace))
        client = try #require(connector.channel(on: far.other.raw, name: name, in: workspace))
    }

    /// Passes bytes on, at most so many at a time; true: there were some.
    @discardableResult
    func relay(_ most: Int = .max) -> Bool {
        var moved = false
        for (from, to, count) in [
            (near.other.raw, far.one.raw, most), (far.one.raw, near.other.raw, Int.max),
        ] {
            let size = min(count, room.count)
            let came = room.withUnsafeMutableBytes { Socket.peek(from, into: .init(rebasing: $0[..<size])) }
            guard case .moved(let there) = came else { continue }
            // What the other side has no room for stays.
            let went = room.withUnsafeBytes { Socket.write(to, .init(rebasing: $0[..<there])) }
            guard case .moved(let taken) = went else { continue }
            _ = room.withUnsafeMutableBytes { Socket.read(from, into: .init(rebasing: $0[..<taken])) }
            moved = true
        }
        return moved
    }

    /// True: both are done; false: one of them has failed.
    func shakeHands(_ most: Int = .max) throws -> Bool {
        var sides = [HandshakeStep.waits, .waits]
        try work(for: "the handshake") {
            for (place, channel) in [client, server].enumerated() where sides[place] == .waits {
                sides[place] = channel.handshake(mayHaveEnded: false)
            }
            relay(most)
            return sides.allSatisfy { $0 == .done } || sides.contains { $0 != .done && $0 != .waits }
        }
        return sides == [.done, .done]
    }

    /// The client takes what has come.
    func take() {
        while case .moved(let count) = room.withUnsafeMutableBytes({
            client.read(into: $0, mayHaveEnded: false)
        }) {
            received += room[..<count]
        }
    }

    /// Lets everything through that the kernel has.
    func drain() {
        take()
        while relay() { take() }
        take()
    }
}
