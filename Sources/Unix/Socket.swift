// Sockets: open, bind, connect, accept, read and write without blocking.
// Reads and writes return a result instead of throwing, because "would block" is the common case.

import CLinux
import Glibc

/// How a non-blocking read, write or splice ended.
package enum Transfer: Equatable, Sendable {
    /// This many bytes moved, at least one.
    case moved(Int)
    /// The other side has ended its direction (reads only).
    case ended
    /// Nothing can move now; the loop will tell.
    case wouldBlock
    case failed(Errno)

    @inline(__always)
    init(_ result: Int, endedAtZero: Bool) {
        if result > 0 {
            self = .moved(result)
        } else if result == 0 {
            self = endedAtZero ? .ended : .wouldBlock
        } else if result == -Int(EAGAIN) {
            self = .wouldBlock
        } else {
            self = .failed(Errno(rawValue: CInt(-result)))
        }
    }
}

/// A connection that a listener gave.
package struct Accepted: ~Copyable {
    package let socket: Descriptor
    package let peer: SocketAddress

    /// Takes the socket out.
    package consuming func take() -> Descriptor { socket }
}

/// Two sockets that are connected to each other.
package struct Pair: ~Copyable {
    package let one: Descriptor
    package let other: Descriptor
}

/// Functions on sockets; all sockets made here are non-blocking and close-on-exec.
package enum Socket {
    /// An unbound stream socket of the address's family.
    package static func stream(for address: SocketAddress) throws(Errno) -> Descriptor {
        Descriptor(owning: try Errno.check(clinux_socket(address.family, SOCK_STREAM_NUMBER, 0)))
    }

    /// An unbound datagram socket of the address's family.
    package static func datagram(for address: SocketAddress) throws(Errno) -> Descriptor {
        Descriptor(owning: try Errno.check(clinux_socket(address.family, SOCK_DGRAM_NUMBER, 0)))
    }

    /// Two connected unix stream sockets.
    package static func streamPair() throws(Errno) -> Pair {
        try pair(SOCK_STREAM_NUMBER)
    }

    /// Two connected unix sockets that keep message boundaries.
    package static func packetPair() throws(Errno) -> Pair {
        try pair(SOCK_SEQPACKET_NUMBER)
    }

    private static func pair(_ type: Int32) throws(Errno) -> Pair {
        var numbers: [Int32] = [-1, -1]
        _ = try Errno.check(clinux_socketpair(type, &numbers))
        return Pair(one: Descriptor(owning: numbers[0]), other: Descriptor(owning: numbers[1]))
    }

    package static func bind(_ socket: borrowing Descriptor, to address: SocketAddress) throws(Errno) {
        let raw = socket.raw
        let result = try address.withKernelForm { Glibc.bind(raw, $0, $1) }
        if result != 0 { throw .last }
    }

    package static func listen(_ socket: borrowing Descriptor, backlog: Int) throws(Errno) {
        if Glibc.listen(socket.raw, Int32(clamping: backlog)) != 0 { throw .last }
    }

    /// Starts to connect. True: connected at once. False: writable when the connection stands or has failed
    /// (then `pendingError` says how).
    package static func connect(_ socket: Int32, to address: SocketAddress) throws(Errno) -> Bool {
        let result = try address.withKernelForm { Glibc.connect(socket, $0, $1) }
        if result == 0 { return true }
        let error = Errno.last
        if error == .nowInProgress { return false }
        throw error
    }

    /// The next queued connection, or nil when none waits.
    package static func accept(on listener: Int32) throws(Errno) -> Accepted? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                clinux_accept(listener, $0, &length)
            }
        }
        if result == -EAGAIN { return nil }
        let socket = Descriptor(owning: try Errno.check(result))
        return Accepted(
            socket: socket, peer: SocketAddress(storage, length: length) ?? .unix(path: ""))
    }

    @inline(__always)
    package static func read(_ socket: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        receive(socket, buffer, 0)
    }

    /// What `read` would give, which stays where it is.
    package static func peek(_ socket: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        receive(socket, buffer, Int32(MSG_PEEK))
    }

    @inline(__always)
    private static func receive(
        _ socket: Int32, _ buffer: UnsafeMutableRawBufferPointer, _ flags: Int32
    ) -> Transfer {
        var result: Int
        repeat {
            result = Glibc.recv(socket, buffer.baseAddress, buffer.count, flags)
            if result < 0 { result = -Int(Glibc.errno) }
        } while result == -Int(EINTR)
        return Transfer(result, endedAtZero: true)
    }

    /// Sends up to two buffers as one. `more`: further bytes follow at once.
    @inline(__always)
    package static func write(
        _ socket: Int32, _ first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer = .init(start: nil, count: 0), more: Bool = false
    ) -> Transfer {
        var result: Int
        repeat {
            result = clinux_send(
                socket, first.baseAddress, first.count, second.baseAddress, second.count, more ? 1 : 0)
        } while result == -Int(EINTR)
        return Transfer(result, endedAtZero: false)
    }

    /// Moves bytes between a socket and a pipe inside the kernel.
    @inline(__always)
    package static func splice(from: Int32, to: Int32, count: Int, more: Bool) -> Transfer {
        var result: Int
        repeat { result = clinux_splice(from, to, count, more ? 1 : 0) } while result == -Int(EINTR)
        return Transfer(result, endedAtZero: true)
    }

    /// Ends the sending direction; the other side reads end-of-file.
    package static func shutdownWrite(_ socket: Int32) {
        Glibc.shutdown(socket, Int32(SHUT_WR))
    }

    /// Ends both directions, for every process that holds the socket.
    package static func shutdownBoth(_ socket: Int32) {
        Glibc.shutdown(socket, Int32(SHUT_RDWR))
    }

    /// The error that waits on a socket, and clears it; nil where there is none.
    package static func pendingError(_ socket: Int32) -> Errno? {
        let code = (try? option(socket, SOL_SOCKET, SO_ERROR)) ?? 0
        return code == 0 ? nil : Errno(rawValue: code)
    }

    package static func setOption(
        _ socket: Int32, _ level: Int32, _ name: Int32, _ value: Int32
    ) throws(Errno) {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        if setsockopt(socket, level, name, &value, size) != 0 { throw .last }
    }

    package static func option(_ socket: Int32, _ level: Int32, _ name: Int32) throws(Errno) -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        if getsockopt(socket, level, name, &value, &size) != 0 { throw .last }
        return value
    }

    /// Small writes leave at once; failures (a unix socket) do not matter.
    @inline(__always)
    package static func setNoDelay(_ socket: Int32) {
        var value: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// `close` then sends RST and drops what was not read or sent.
    package static func setResetOnClose(_ socket: Int32) {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    /// The address a socket is bound to.
    package static func localAddress(_ socket: Int32) throws(Errno) -> SocketAddress {
        try address(socket, getsockname)
    }

    /// The address a socket is connected to.
    package static func peerAddress(_ socket: Int32) throws(Errno) -> SocketAddress {
        try address(socket, getpeername)
    }

    private static func address(
        _ socket: Int32,
        _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) throws(Errno) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask(socket, $0, &length) }
        }
        if result != 0 { throw .last }
        guard let address = SocketAddress(storage, length: length) else { throw .addressFamilyNotSupported }
        return address
    }

    /// The process at the other end of a unix socket.
    package static func peerCredentials(_ socket: Int32) throws(Errno) -> (pid: pid_t, uid: uid_t) {
        // struct ucred: pid, uid, gid, each 32 bits.
        var credentials: [UInt32] = [0, 0, 0]
        var size = socklen_t(12)
        if getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0 { throw .last }
        return (pid_t(bitPattern: credentials[0]), credentials[1])
    }
}

package let SOCK_STREAM_NUMBER = Int32(SOCK_STREAM.rawValue)
package let SOCK_DGRAM_NUMBER = Int32(SOCK_DGRAM.rawValue)
package let SOCK_SEQPACKET_NUMBER = Int32(SOCK_SEQPACKET.rawValue)
