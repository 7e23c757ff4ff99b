// The master's channel to a worker that has just ended: nothing that is sent then may wait for ever.

import Glibc
import Handover
import Polling
import TestSupport
import Testing
import Unix

@testable import MasterWorker

@Suite struct WorkerChannelTests {
    /// An admin client that is handed to a worker between its last word and its burial sees its connection close.
    @Test func whatIsSentAfterTheEndIsClosed() throws {
        let loop = try EventLoop()
        let ends = try Socket.packetPair()
        var closed = false
        let channel = WorkerChannel(pid: 1, owning: try ends.one.duplicate(), on: loop) { _, event in
            if case .closed = event { closed = true }
        }
        try channel.watch()
        shutdown(ends.other.raw, Int32(SHUT_RDWR))
        try loop.run(for: "the channel's end") { closed }
        let client = try Socket.streamPair()
        let handed = try client.other.duplicate().release()
        channel.send(.admin(.admin), descriptors: [handed], owned: true)
        #expect(fcntl(handed, F_GETFD) == -1)
        #expect(channel.raw == nil)
    }

    /// A worker that ends with an admin client unread resets the channel: why it has failed is heard all the same.
    @Test(arguments: [false, true])
    func lastWordsAreHeardBehindAReset(isBuried: Bool) throws {
        let loop = try EventLoop()
        let ends = try Socket.packetPair()
        var heard: [WorkerMessage] = []
        let ours = try ends.one.duplicate()
        let channel = WorkerChannel(pid: 1, owning: ours, on: loop) { _, event in
            if case .message(let message, _) = event { heard.append(message) }
        }
        try channel.watch()
        channel.send(.departures)
        let words = (1...20).map { WorkerMessage.log(.alert, "line \($0)") }
        for word in words { try DescriptorPassing.send(word.encoded, descriptors: [], over: ends.other.raw) }
        _ = consume ends
        if isBuried { channel.finish() } else { try loop.run(for: "its end") { channel.raw == nil } }
        #expect(heard == words)
    }
}
