// The other end of a relayed command: a connection to another process's admin sessions.

import Polling
import Unix

/// Sends a command to a connected descriptor and passes on what comes back, no faster than the client reads.
package final class AdminUpstream: Watcher {
    private var descriptor: Descriptor?
    private var request: [UInt8]
    private var ended = false
    weak var session: AdminSession?

    /// `request`: what to send, with its newline (`AdminRequest.script`).
    package init(owning descriptor: consuming Descriptor, request: String) {
        self.descriptor = consume descriptor
        self.request = Array(request.utf8)
    }

    init(owning descriptor: consuming Descriptor, unsent: [UInt8]) {
        self.descriptor = consume descriptor
        self.request = unsent
    }

    /// Sends and receives what can be now. True: the other side has said all.
    func pump(into session: AdminSession) -> Bool {
        guard let raw = descriptor?.raw else { return true }
        while !request.isEmpty {
            switch request.withUnsafeBytes({ Socket.write(raw, $0) }) {
            case .moved(let count): request.removeFirst(count)
            case .wouldBlock: return false
            case .ended, .failed: return true
            }
        }
        while !ended, session.hasRoom {
            let transfer = session.receive { Socket.read(raw, into: $0) }
            switch transfer {
            case .moved: continue
            case .wouldBlock: return false
            case .ended, .failed: ended = true
            }
        }
        return ended
    }

    func start(on loop: EventLoop) throws(Errno) {
        guard let raw = descriptor?.raw else { return }
        try loop.add(self, descriptor: raw, interest: .edges)
    }

    override package func ready(_ readiness: UInt32) {
        session?.upstreamReady()
    }

    func close(on loop: EventLoop) {
        session = nil
        loop.remove(self)
        descriptor = nil
    }

    /// Gives the descriptor away, with what was not sent yet.
    func detach(from loop: EventLoop) -> (descriptor: Int32, unsent: [UInt8])? {
        session = nil
        loop.remove(self)
        guard let raw = descriptor.take()?.release() else { return nil }
        return (raw, request)
    }
}
