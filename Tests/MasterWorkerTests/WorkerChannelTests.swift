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
}
