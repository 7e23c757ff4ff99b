// The form in which listening sockets travel between processes, HAProxy's own bytes among it.

import Testing

@testable import RuntimeAPI

@Suite struct SocketTransferTests {
    /// What HAProxy 2.6 sends for two sockets of which the second is bound to `lo`.
    private static let captured: [UInt8] =
        [2, 0, 0, 0] + [0, 0, 0, 0, 0, 0] + [0, 2, 0x6c, 0x6f, 0, 0, 0, 0]
    private static let sockets = [TransferredSocket(), TransferredSocket(interface: "lo")]

    @Test func bothWays() throws {
        #expect(SocketTransfer.encoded(count: 2) + SocketTransfer.encoded(Self.sockets) == Self.captured)
        #expect(try SocketTransfer.count(in: Array(Self.captured.prefix(4))) == 2)
        #expect(
            try SocketTransfer.sockets(in: Array(Self.captured.dropFirst(4)), count: 2) == Self.sockets)
        let odd = [
            TransferredSocket(namespace: "blue", interface: "eth0", options: 0x8000_0001),
            TransferredSocket(namespace: String(repeating: "n", count: 255)),
        ]
        #expect(try SocketTransfer.sockets(in: SocketTransfer.encoded(odd), count: 2) == odd)
        #expect(try SocketTransfer.sockets(in: [], count: 0).isEmpty)
        #expect(SocketTransfer.encoded(odd).count <= SocketTransfer.longestBatch)
    }

    @Test func countsThatNobodyMeans() {
        let minusOne: [UInt8] = [255, 255, 255, 255]
        #expect(throws: SocketTransfer.Fault.count(-1)) { try SocketTransfer.count(in: minusOne) }
        // The start of "Unknown command".
        #expect(throws: SocketTransfer.Fault.self) { try SocketTransfer.count(in: Array("Unkn".utf8)) }
        #expect(throws: SocketTransfer.Fault.self) { try SocketTransfer.count(in: [1, 0]) }
    }

    @Test func whateverIsMissingOrTooMuchIsAFault() {
        let bytes = SocketTransfer.encoded(Self.sockets)
        for length in 0..<bytes.count {
            #expect(throws: SocketTransfer.Fault.self) {
                try SocketTransfer.sockets(in: Array(bytes.prefix(length)), count: 2)
            }
        }
        #expect(throws: SocketTransfer.Fault.excess(bytes: 8)) {
            try SocketTransfer.sockets(in: bytes, count: 1)
        }
        #expect(throws: SocketTransfer.Fault.cutRecord(number: 3)) {
            try SocketTransfer.sockets(in: bytes, count: 3)
        }
    }
}
