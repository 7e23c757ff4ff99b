// What a client's and a server's connection have in common: a registered socket and what is known about it.

import Glibc
import Polling
import TLS
import Unix

/// A stream socket on the loop. Edge-triggered: what an event said is remembered until a call would block.
class Connection: Watcher {
    final let core: ProxyCore
    /// -1 once closed.
    final var descriptor: Int32
    /// Bytes, or the end, may wait.
    final var isReadable = false
    /// The last write took everything.
    final var isWritable = true
    /// The kernel said that the other side has ended its direction: a short read is not the last one then.
    final var peerHasEnded = false
    /// A read found the end.
    final var reachedEnd = false
    /// We have ended our direction.
    final var isShut = false
    /// Between the socket and us, where the other side speaks TLS.
    final var tls: TLSChannel?
    /// It waits for its next turn in a later round.
    final var isScheduled = false

    init(core: ProxyCore, descriptor: Int32) {
        self.core = core
        self.descriptor = descriptor
    }

    @inline(__always)
    final func note(_ readiness: UInt32) {
        // readable, peerEnded, failed, hungUp
        if readiness & 0x2019 != 0 {
            isReadable = true
            if readiness & 0x2010 != 0 { peerHasEnded = true }
        }
        if readiness & 0x4 != 0 { isWritable = true }
    }

    /// Goes on where it yielded to others.
    func resume() {}

    @inline(__always)
    final func setDeadline(after nanoseconds: Int64) {
        core.loop.setDeadline(core.loop.now.advanced(byNanoseconds: nanoseconds), of: self)
    }

    /// Ends our sending direction, once. `isWhole`: all was said, which is told to who speaks TLS.
    final func shutWrite(isWhole: Bool = true) {
        guard !isShut, descriptor >= 0 else { return }
        isShut = true
        if isWhole { tls?.sayGoodbye() }
        Socket.shutdownWrite(descriptor)
    }

    /// Reads at most `buffer`; keeps account of whether more may wait.
    @inline(__always)
    final func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        if let tls { return read(through: tls, into: buffer, keeps: false) }
        let result = Socket.read(descriptor, into: buffer)
        switch result {
        case .moved(let count): if count < buffer.count && !peerHasEnded { isReadable = false }
        case .wouldBlock: isReadable = false
        case .ended:
            reachedEnd = true
            isReadable = false
        case .failed: isReadable = false
        }
        return result
    }

    private func read(
        through tls: TLSChannel, into buffer: UnsafeMutableRawBufferPointer, keeps: Bool
    ) -> Transfer {
        let result = tls.read(into: buffer, mayHaveEnded: peerHasEnded, keeps: keeps)
        switch result {
        case .moved: if tls.isDry && !keeps { isReadable = false }
        case .wouldBlock: if tls.isStarved { core.schedule(self) } else { isReadable = false }
        case .ended:
            reachedEnd = true
            isReadable = false
        case .failed: isReadable = false
        }
        return result
    }

    /// The other side has ended without saying so: what came may not be all.
    final var wasCut: Bool { tls?.wasCut ?? false }

    /// What `read` would give, which stays where it is.
    final func peek(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        if let tls { return read(through: tls, into: buffer, keeps: true) }
        return Socket.peek(descriptor, into: buffer)
    }

    /// Sends up to two runs of bytes as one. `more`: further bytes follow at once.
    @inline(__always)
    final func write(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer = .init(start: nil, count: 0),
        more: Bool = false
    ) -> Transfer {
        if let tls { return tls.write(first, second) }
        return Socket.write(descriptor, first, second, more: more)
    }

    /// Moves bytes into a pipe that is empty: then only the socket can be what blocks.
    final func splice(into pipe: Pipe, count: Int) -> Transfer {
        let result = Socket.splice(from: descriptor, to: pipe.writeEnd, count: count, more: false)
        switch result {
        case .moved: break
        case .wouldBlock, .failed: isReadable = false
        case .ended:
            reachedEnd = true
            isReadable = false
        }
        return result
    }

    @inline(__always)
    final func closeSocket() {
        guard descriptor >= 0 else { return }
        core.loop.forget(self)
        if tls != nil {
            tls = nil
            if self is ClientConnection {
                core.figures.tls.clients -= 1
            } else {
                core.figures.tls.servers -= 1
            }
        }
        Glibc.close(descriptor)
        descriptor = -1
    }
}
