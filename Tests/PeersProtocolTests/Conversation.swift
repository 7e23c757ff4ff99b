// Two sessions that talk with each other, and what tables hold as text.

import PeersProtocol
import StickTables

let start = Tick(milliseconds: 5_000_000)

func tick(_ milliseconds: Int64) -> Tick { start.advanced(byMilliseconds: milliseconds) }

/// A table that peers share.
func sharedTable(
    _ name: String = "t", _ type: KeyType = .ip, expire: UInt32 = 60_000, size: Int = 100_000,
    stored: [StickTableDefinition.Stored] = [.init(.gpc0)]
) -> SharedTable {
    SharedTable(
        name: name,
        table: StickTable(
            StickTableDefinition(
                name: name, keyType: type, size: size, expire: expire, peers: "mp", stored: stored),
            seed: 7))
}

extension SharedTable {
    /// Counts for a key, as a rule does.
    func change(_ key: StickKey, gpc0: UInt64, now: Tick = start) {
        guard let entry = table.findOrInsert(key, now: now) else { return }
        table.set(entry, .gpc0, to: gpc0)
        table.touch(entry, now: now)
    }

    func gpc0(_ key: StickKey, now: Tick = start) -> UInt64? {
        table.find(key, now: now).flatMap { table.number($0, .gpc0) }
    }
}

/// Both ends of a connection.
struct Conversation {
    var one: PeerSession
    var other: PeerSession
    var events: [PeerEvent] = []

    /// Lets both speak, `step` bytes at a time, until nobody has anything to say.
    mutating func run(limit: Int = 4096, now: Tick = start) throws(PeerFault) {
        for _ in 0..<10_000 {
            var forth: [UInt8] = []
            var back: [UInt8] = []
            _ = one.speak(into: &forth, limit: limit, now: now)
            events += try other.receive(forth, now: now)
            _ = other.speak(into: &back, limit: limit, now: now)
            events += try one.receive(back, now: now)
            if forth.isEmpty && back.isEmpty { return }
        }
    }
}

extension PeerSession {
    mutating func receive(_ bytes: [UInt8], now: Tick) throws(PeerFault) -> [PeerEvent] {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(PeerFault) -> [PeerEvent] in try receive(bytes, now: now) }
        }.get()
    }
}

func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.filter { !$0.isWhitespace }
    return stride(from: 0, to: digits.count, by: 2).compactMap { place in
        let begin = digits.index(digits.startIndex, offsetBy: place)
        return UInt8(digits[begin..<digits.index(begin, offsetBy: 2)], radix: 16)
    }
}
