// Who owns a descriptor closes it; descriptors and their messages travel between processes whole or not at all.

import Glibc
import Testing

@testable import Unix

@Suite(.serialized) struct DescriptorTests {
    /// Whether the other end of a pair is still open somewhere: reading at its end tells, and unlike a look at
    /// the number it cannot be fooled by a test beside this one that opens the number anew.
    private func hasEnded(_ end: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { Socket.read(end, into: $0) } == .ended
    }

    /// A program that a test beside this one starts must not keep the other end open.
    private static let stream = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

    @Test func closesWhenItsOwnerGoesAway() throws {
        var numbers: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Self.stream, 0, &numbers) == 0)
        let kept = Descriptor(owning: numbers[0])
        try setNonBlocking(kept.raw)
        func consume(_ descriptor: consuming Descriptor) {}
        let owned = Descriptor(owning: numbers[1])
        consume(try owned.duplicate())
        #expect(!hasEnded(kept.raw))
        consume(owned)
        #expect(hasEnded(kept.raw))
    }

    @Test func releasedNumbersStayOpen() throws {
        var numbers: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Self.stream, 0, &numbers) == 0)
        let kept = Descriptor(owning: numbers[0])
        try setNonBlocking(kept.raw)
        let number = Descriptor(owning: numbers[1]).release()
        #expect(!hasEnded(kept.raw))
        close(number)
        #expect(hasEnded(kept.raw))
    }

    @Test(arguments: [0, 1, 3, 253])
    func passesDescriptors(_ count: Int) throws {
        let channel = try Socket.packetPair()
        let sent = try Socket.streamPair()
        let numbers = [Int32](repeating: sent.one.raw, count: count)
        try DescriptorPassing.send([1, 2, 3], descriptors: numbers, over: channel.one.raw)
        guard case .message(let bytes, let arrived) = try DescriptorPassing.receive(over: channel.other.raw)
        else {
            Issue.record("no message")
            return
        }
        #expect(bytes == [1, 2, 3])
        #expect(arrived.count == count)
        for number in arrived {
            #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
            close(number)
        }
    }

    @Test func refusesTooManyDescriptors() throws {
        let channel = try Socket.packetPair()
        let numbers = [Int32](repeating: channel.one.raw, count: 254)
        #expect(throws: Errno.invalidArgument) {
            try DescriptorPassing.send([1], descriptors: numbers, over: channel.one.raw)
        }
    }

    @Test func tellsAnEmptyChannelFromAClosedOne() throws {
        let channel = try Socket.packetPair()
        guard case .wouldBlock = try DescriptorPassing.receive(over: channel.other.raw) else {
            Issue.record("an empty channel has nothing")
            return
        }
        Socket.shutdownWrite(channel.one.raw)
        guard case .ended = try DescriptorPassing.receive(over: channel.other.raw) else {
            Issue.record("a closed channel has ended")
            return
        }
    }

    /// Whoever closes with something unread resets the channel; what it had sent is there all the same.
    @Test func theLastWordsOutliveAReset() throws {
        let channel = try Socket.packetPair()
        let staying = try channel.one.duplicate()
        let passed = try Socket.streamPair()
        try DescriptorPassing.send([9], descriptors: [], over: channel.one.raw)
        try DescriptorPassing.send([1], descriptors: [], over: channel.other.raw)
        try DescriptorPassing.send([2], descriptors: [passed.one.raw], over: channel.other.raw)
        _ = consume channel
        var heard: [[UInt8]] = []
        while case .message(let bytes, let numbers) = try DescriptorPassing.receive(over: staying.raw) {
            heard.append(bytes)
            for number in numbers { close(number) }
        }
        #expect(heard == [[1], [2]])
        guard case .ended = try DescriptorPassing.receive(over: staying.raw) else {
            Issue.record("a reset channel has ended")
            return
        }
    }

    @Test func aMessageMayBeLongerThanTheBufferWas() throws {
        let channel = try Socket.packetPair()
        let long = [UInt8](repeating: 7, count: 350_000)
        try DescriptorPassing.send(long, descriptors: [], over: channel.one.raw)
        guard
            case .message(let bytes, _) = try DescriptorPassing.receive(
                over: channel.other.raw, capacity: DescriptorPassing.longest)
        else {
            Issue.record("no message")
            return
        }
        #expect(bytes == long)
    }

    @Test func refusesAMessageThatIsCut() throws {
        let channel = try Socket.packetPair()
        let passed = try Socket.streamPair()
        try DescriptorPassing.send(
            [UInt8](repeating: 7, count: 100), descriptors: [passed.one.raw], over: channel.one.raw)
        #expect(throws: Errno.messageTooLong) {
            _ = try DescriptorPassing.receive(over: channel.other.raw, capacity: 10)
        }
    }
}
