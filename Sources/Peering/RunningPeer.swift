// One peer of a section: its connection, when to call it again, and what is counted of it.

import ConfigLanguage
import PeersProtocol
import StickTables
import Unix

/// A peer at work.
package final class RunningPeer {
    package let line: PeersSection.Peer
    package let address: SocketAddress?
    var connection: PeerConnection?
    /// Four letters of `show peers`.
    package internal(set) var status = "NONE"
    /// When it is called next; nil: not while a connection stands.
    package internal(set) var callAt: Tick?
    package internal(set) var greetedAt: Tick?
    package internal(set) var calls = 0
    package internal(set) var beatsSaid = 0
    package var beatsHeard: Int { connection?.session?.beatsHeard ?? 0 }
    package internal(set) var silences = 0
    package internal(set) var faults = 0
    package internal(set) var collisions = 0
    private var failures = 0
    /// How far it had acknowledged each table when it was last connected.
    private(set) var confirmed: [UInt32] = []

    init(_ line: PeersSection.Peer, address: SocketAddress?) {
        self.line = line
        self.address = address
    }

    package var name: String { line.name }
    package var isLocal: Bool { line.isLocal }
    package var session: PeerSession? { connection?.session }
    /// Of a peer that has called: its address and ours.
    package var endpoints: (source: SocketAddress, destination: SocketAddress)? {
        guard let connection, !connection.isCall, let own = connection.addresses.own,
            let peer = connection.addresses.peer
        else { return nil }
        return (peer, own)
    }

    /// The moments of the protocol, in milliseconds.
    package enum Span {
        package static let heartbeat: Int64 = 3000
        /// Nothing heard for so long: the peer is dead.
        package static let silence: Int64 = 10_000
        static let greeting: Int64 = 5000
        /// Before the next call: after a connection that stood, and after the first, second … that did not.
        static let shortPause: Int64 = 50
        static let firstPause: Int64 = 250
        static let longestPause: Int64 = 5000
        /// As much may be added by chance: both sides wait for different times, or they would meet for ever.
        static let jitter: Int64 = 1000
    }

    /// The connection has ended: calls again soon where it stood, and ever more rarely where it did not come about.
    func lost(now: Tick) {
        let stood = connection?.isTalking == true || status == "ESTA"
        remember()
        connection = nil
        failures = stood ? 0 : failures + 1
        let jitter = Int64.random(in: 0..<Span.jitter)
        let doubled = Span.firstPause << Int64(min(failures - 1, 5))
        let pause = stood ? Span.shortPause : min(Span.longestPause, doubled)
        callAt = now.advanced(byMilliseconds: pause + jitter)
    }

    /// Keeps what the closed connection's peer had acknowledged.
    func remember() {
        if let known = connection?.confirmed, !known.isEmpty { confirmed = known }
    }

    /// The two have greeted each other.
    func established(now: Tick) {
        status = "ESTA"
        greetedAt = now
        callAt = nil
        failures = 0
    }

    /// The next moment at which something is due.
    package var deadline: Tick? {
        guard let connection else { return callAt }
        guard connection.isTalking else {
            return connection.lastHeard.advanced(byMilliseconds: Span.greeting)
        }
        return min(
            connection.lastSaid.advanced(byMilliseconds: Span.heartbeat),
            connection.lastHeard.advanced(byMilliseconds: Span.silence))
    }
}
