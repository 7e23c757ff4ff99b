// What follows `_getsocks` on an admin connection, in HAProxy's form: the number of sockets, then a record for each of
// them, in batches that carry the descriptors beside them. The receiver acknowledges each batch, and the sender waits
// for that between two of them. Numbers are in the machine's own order: both ends are on one machine.

/// What is told of one socket beside its descriptor.
package struct TransferredSocket: Equatable, Sendable {
    /// The network namespace it was made in; empty for the usual one.
    package var namespace = ""
    /// The interface it is bound to; empty for all.
    package var interface = ""
    /// HAProxy's flags, which it leaves zero.
    package var options: UInt32 = 0

    package init(namespace: String = "", interface: String = "", options: UInt32 = 0) {
        self.namespace = namespace
        self.interface = interface
        self.options = options
    }
}

/// Reads and writes what the two ends of a transfer say.
package enum SocketTransfer {
    /// What the receiver asks for.
    package static let request = "_getsocks\n"
    /// Sockets a batch; a sender that has more waits for an acknowledgement.
    package static let batchSize = 252
    /// The most sockets that a receiver believes in.
    package static let most = 65_536
    /// Bytes of the number that comes first.
    package static let countSize = 4
    /// What the receiver answers each batch with; only its length matters.
    package static let acknowledgement = [UInt8](repeating: 0, count: 4)
    /// The most bytes of one batch.
    package static let longestBatch = batchSize * (1 + 255 + 1 + 255 + 4)

    /// Why what came is none of this.
    package enum Fault: Error, Equatable, CustomStringConvertible {
        case count(Int)
        case cutRecord(number: Int)
        case excess(bytes: Int)

        package var description: String {
            switch self {
            case .count(let count): "expected 0 to \(SocketTransfer.most) sockets, found \(count)"
            case .cutRecord(let number): "the record of socket \(number) is cut"
            case .excess(let bytes): "\(bytes) bytes more than the records of the sockets"
            }
        }
    }

    /// What comes first: `countSize` bytes with the number of sockets that follow, 0 to `most`.
    package static func encoded(count: Int) -> [UInt8] {
        withUnsafeBytes(of: Int32(clamping: count)) { Array($0) }
    }

    /// `bytes`: `countSize` of them.
    package static func count(in bytes: [UInt8]) throws(Fault) -> Int {
        guard bytes.count == countSize else { throw .cutRecord(number: 0) }
        let count = Int(bytes.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) })
        guard (0...most).contains(count) else { throw .count(count) }
        return count
    }

    /// Names longer than 255 bytes do not exist in the kernel; here they are cut.
    package static func encoded(_ sockets: [TransferredSocket]) -> [UInt8] {
        var bytes: [UInt8] = []
        for socket in sockets {
            for name in [socket.namespace, socket.interface] {
                let name = name.utf8.prefix(255)
                bytes.append(UInt8(name.count))
                bytes += name
            }
            withUnsafeBytes(of: socket.options) { bytes += $0 }
        }
        return bytes
    }

    /// The records of all batches, one behind the other.
    package static func sockets(in bytes: [UInt8], count: Int) throws(Fault) -> [TransferredSocket] {
        var rest = bytes[...]
        var sockets: [TransferredSocket] = []
        func name(_ number: Int) throws(Fault) -> String {
            guard let length = rest.popFirst(), rest.count >= length else {
                throw .cutRecord(number: number)
            }
            defer { rest = rest.dropFirst(Int(length)) }
            return String(decoding: rest.prefix(Int(length)), as: UTF8.self)
        }
        for number in 1...max(1, count) where count > 0 {
            let namespace = try name(number)
            let interface = try name(number)
            guard rest.count >= 4 else { throw .cutRecord(number: number) }
            let options = rest.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
            rest = rest.dropFirst(4)
            sockets.append(
                TransferredSocket(namespace: namespace, interface: interface, options: options))
        }
        guard rest.isEmpty else { throw .excess(bytes: rest.count) }
        return sockets
    }
}
