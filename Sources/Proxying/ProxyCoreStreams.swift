// The streams of a worker: taken from those that ended before, listed, and ended by an admin.

import Unix

extension ProxyCore {
    @inline(__always)
    func takeStream(for client: ClientConnection) -> Stream {
        let stream = free.popLast() ?? Stream(core: self)
        lastStreamID += 1
        stream.reset(for: client, id: lastStreamID)
        stream.index = live.count
        live.append(stream)
        return stream
    }

    @inline(__always)
    func streamEnded(_ stream: Stream, counts: Bool) {
        let last = live.removeLast()
        if last !== stream {
            live[stream.index] = last
            last.index = stream.index
        }
        retired.append(stream)
        if isStopping && counts {
            if isCutting { drainFigures.cut += 1 } else { drainFigures.finished += 1 }
        }
    }

    /// Streams that ended may be used again: nobody is in the middle of one.
    @inline(__always)
    func recycleStreams() {
        if retired.isEmpty { return }
        if free.count < Self.mostFreeStreams { free += retired }
        retired.removeAll(keepingCapacity: true)
    }

    /// The live streams, oldest first.
    package func streams() -> [StreamSummary] {
        live.sorted { $0.id < $1.id }.map { StreamSummary($0) }
    }

    /// Ends a stream; false where there is none of that id.
    package func shutdownSession(_ id: UInt64) -> Bool {
        guard let stream = live.first(where: { $0.id == id }) else { return false }
        stream.kill()
        return true
    }

    /// Ends all streams of a server.
    package func shutdownSessions(of server: Server) {
        for stream in live.filter({ $0.server === server }) { stream.kill() }
    }
}
