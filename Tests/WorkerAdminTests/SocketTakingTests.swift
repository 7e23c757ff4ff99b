// `-x`, the taking side: what the other process may say, and what it must not.

import Glibc
import Proxying
import RuntimeAPI
import TestSupport
import Testing
import Unix

@testable import Worker

@Suite struct SocketTakingTests {
    /// Says `batches` to whoever takes, one message each, and lets it take.
    private static func take(
        _ batches: [(bytes: [UInt8], descriptors: [Int32])], endsBehind: Bool = true
    ) throws -> TakenSockets {
        let pair = try Socket.streamPair()
        for batch in batches {
            try DescriptorPassing.send(batch.bytes, descriptors: batch.descriptors, over: pair.other.raw)
        }
        if endsBehind { Socket.shutdownWrite(pair.other.raw) }
        return try TakenSockets(over: pair.one, patience: .milliseconds(endsBehind ? 40_000 : 50))
    }

    private static func listening(_ address: SocketAddress) throws -> Descriptor {
        let socket = try Socket.stream(for: address)
        try Socket.bind(socket, to: address)
        try Socket.listen(socket, backlog: 5)
        return socket
    }

    /// How many descriptors of this process are this socket.
    private static func copies(of socket: Int32) throws -> Int {
        func file(_ number: Int32) -> ino_t? {
            var status = stat()
            return fstat(number, &status) == 0 ? status.st_ino : nil
        }
        let own = try #require(file(socket))
        return try File.names(in: "/proc/self/fd").count { Int32($0).flatMap(file) == own }
    }

    @Test func eachIsFoundUnderTheKeyOfItsBind() throws {
        let folder = try ScratchFolder("taking-")
        let tcp = try Self.listening(.ipv4(0x7f00_0001, port: 0))
        let six = try Self.listening(.ipv6(high: 0, low: 1, port: 0, scope: 0))
        let abstract = try Self.listening(.paddedAbstract(name: "taking-\(getpid())"))
        let place = SocketAddress.unix(path: folder.file("a.sock"))
        let path = try Socket.stream(for: place)
        var bound = try SocketPath(binding: path, for: folder.file("a.sock"), backlog: 5)
        try bound.publish()
        let lost = try Self.listening(.unix(path: folder.file("lost.sock")))
        unlink(folder.file("lost.sock"))
        let deaf = try Socket.stream(for: .ipv4(0, port: 0))
        let numbers = [tcp.raw, tcp.raw, six.raw, abstract.raw, path.raw, lost.raw, deaf.raw]
        let taken = try Self.take([
            (SocketTransfer.encoded(count: 7), []),
            (
                SocketTransfer.encoded(Array(repeating: TransferredSocket(), count: 3)),
                Array(numbers.prefix(3))
            ),
            (
                SocketTransfer.encoded(Array(repeating: TransferredSocket(), count: 4)),
                Array(numbers.suffix(4))
            ),
        ])
        let port = try #require(try Socket.localAddress(tcp.raw).port)
        let sixPort = try #require(try Socket.localAddress(six.raw).port)
        #expect(
            Set(taken.sockets.keys) == [
                "tcp@127.0.0.1:\(port)", "tcp@127.0.0.1:\(port)#2", "tcp@::1:\(sixPort)",
                "abns@taking-\(getpid())", "unix@\(folder.file("a.sock"))#\(bound.identity)",
            ])
        #expect(try Self.copies(of: tcp.raw) == 3)
        // Those of no use are closed again.
        #expect(try Self.copies(of: lost.raw) == 1 && Self.copies(of: deaf.raw) == 1)
        for number in taken.sockets.values { close(number) }
        _ = (six.raw, abstract.raw, path.raw)
    }

    @Test func aSocketOfAnotherNamespaceIsNotTaken() throws {
        let socket = try Self.listening(.ipv4(0x7f00_0001, port: 0))
        let taken = try Self.take([
            (SocketTransfer.encoded(count: 1), []),
            (SocketTransfer.encoded([TransferredSocket(namespace: "blue")]), [socket.raw]),
        ])
        #expect(taken.sockets.isEmpty)
        #expect(try Self.take([(SocketTransfer.encoded(count: 0), [])]).sockets.isEmpty)
    }

    enum Rubbish: CaseIterable {
        case nothing, silence, text, tooMany, tooFew, cutRecord, descriptorsFirst, silenceWithin
    }

    @Test(arguments: Rubbish.allCases) func rubbishIsAFailureAndLeavesNothingOpen(_ kind: Rubbish) throws {
        let socket = try Self.listening(.ipv4(0x7f00_0001, port: 0))
        let two = SocketTransfer.encoded([TransferredSocket(), TransferredSocket()])
        let count = (bytes: SocketTransfer.encoded(count: 2), descriptors: [Int32]())
        let batches: [(bytes: [UInt8], descriptors: [Int32])] =
            switch kind {
            case .nothing, .silence: []
            case .text: [(Array("Unknown command\n".utf8), [])]
            case .tooMany: [count, (two, [socket.raw, socket.raw, socket.raw])]
            case .tooFew, .silenceWithin: [count, (two, [socket.raw])]
            case .cutRecord: [count, (Array(two.dropLast()), [socket.raw, socket.raw])]
            case .descriptorsFirst: [(count.bytes, [socket.raw])]
            }
        #expect(throws: TakenSockets.Failure.self) {
            try Self.take(batches, endsBehind: kind != .silence && kind != .silenceWithin)
        }
        #expect(try Self.copies(of: socket.raw) == 1)
    }

    @Test func nobodyThere() {
        let failure = #expect(throws: TakenSockets.Failure.self) { try TakenSockets(from: "/nonexistent") }
        #expect(
            failure?.text
                == "Failed to connect to the old process socket '/nonexistent' (No such file or directory)")
    }
}
