// The kernel's process connector: fork, exec and exit of the watched master's family, at once and none missed, or
// every program that starts. A socket filter drops all other events inside the kernel, so that a busy machine costs
// nothing here.

import CLinux
import Glibc
import Unix

/// What happened to a process of the watched family.
package enum ProcessEvent: Equatable, Sendable {
    /// The master has executed a program: itself, at a reload.
    case masterExecuted
    case childStarted(Int32)
    case childExited(Int32, ProcessEnd)
    /// It is gone; how is not known.
    case childEnded(Int32)
    case masterExited(ProcessEnd)
    /// Any process has executed a program.
    case programStarted(Int32)
    /// The kernel had to drop events.
    case lost
}

/// One open connector.
package final class ProcessConnector {
    private static let what = (none: UInt32(0), fork: UInt32(1), exec: UInt32(2), exit: UInt32(0x8000_0000))
    private let socket: Descriptor
    private let selection: Selection

    /// Which events come through.
    package enum Selection: Equatable, Sendable {
        /// Of this master and its children.
        case family(of: Int32)
        /// Every execution of a program on this machine.
        case executions
        /// None, until another selection is made.
        case nothing
    }

    /// Opens the connector for `selection`. Fails where the kernel refuses (CAP_NET_ADMIN before 6.6) or stays
    /// silent (another network, pid or user namespace).
    package init(_ selection: Selection) throws(Errno) {
        let connector: Int32 = 11
        self.selection = selection
        socket = Descriptor(owning: try Errno.check(clinux_netlink(connector, 1)))
        try select(selection)
        _ = try? Socket.setOption(socket.raw, SOL_SOCKET, SO_RCVBUF, 1 << 20)
        var request = Bytes()
        request.u32(40)
        request.u16(3)  // NLMSG_DONE
        request.zeros(10)
        request.u32(1)  // CN_IDX_PROC
        request.u32(1)  // CN_VAL_PROC
        request.zeros(8)
        request.u16(4)
        request.u16(0)
        request.u32(1)  // PROC_CN_MCAST_LISTEN
        if Glibc.send(socket.raw, request.bytes, request.bytes.count, 0) < 0 { throw .last }
        try awaitAcknowledgement()
    }

    package var descriptor: Int32 { socket.raw }

    /// The kernel answers only those whom it will tell.
    private func awaitAcknowledgement() throws(Errno) {
        let deadline = Instant.now() + .milliseconds(100)
        while Instant.now() < deadline {
            var polled = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, 100) > 0 else { break }
            guard let (kind, code) = try receive() else { continue }
            if kind == Self.what.none {
                if code != 0 { throw Errno(rawValue: Int32(bitPattern: code)) }
                return
            }
        }
        throw .timedOut
    }

    /// An event and when it happened, microseconds since 1970.
    package typealias Timed = (event: ProcessEvent, at: Int64)

    /// All events that wait, with the kernel's time of each.
    package func drain() -> [Timed] {
        var events: [Timed] = []
        while true {
            do throws(Errno) {
                guard try receive() != nil else { return events }
            } catch {
                guard error == .noBufferSpace else { return events }
                events.append((.lost, WallClock.now().microseconds))
                continue
            }
            if let event = decode() { events.append((event, eventTime())) }
        }
    }

    /// The kernel tells nanoseconds of the clock that `Instant` shows.
    private func eventTime() -> Int64 {
        let stamp = message.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 44, as: UInt64.self) }
        let age = max(0, Instant.now().nanoseconds - Int64(clamping: stamp))
        return WallClock.now().microseconds - age / 1000
    }

    private var message = [UInt8](repeating: 0, count: 512)

    /// Takes in one message: its kind and the first word of its data; nil when none waits.
    private func receive() throws(Errno) -> (kind: UInt32, first: UInt32)? {
        var count: Int
        repeat { count = recv(socket.raw, &message, message.count, 0) } while count < 0 && errno == EINTR
        if count < 0 {
            if errno == EAGAIN { return nil }
            throw .last
        }
        return count >= 56 ? (word(36), word(52)) : (UInt32.max, 0)
    }

    private func word(_ offset: Int) -> UInt32 {
        message.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
    }

    private func decode() -> ProcessEvent? {
        let first = Int32(bitPattern: word(52))
        guard case .family(let master) = selection else {
            return word(36) == Self.what.exec ? .programStarted(Int32(bitPattern: word(56))) : nil
        }
        switch word(36) {
        case Self.what.fork: return .childStarted(Int32(bitPattern: word(64)))
        case Self.what.exec: return .masterExecuted
        case Self.what.exit:
            let end = ProcessEnd(waitStatus: Int32(bitPattern: word(60)))
            return first == master ? .masterExited(end) : .childExited(first, end)
        default: return nil
        }
    }

    /// Lets other events through from now on; what waits already still comes.
    package func select(_ selection: Selection) throws(Errno) {
        let program =
            switch selection {
            case .family(let master): Self.familyFilter(master)
            case .executions: Self.filter(accepting: [Self.what.none, Self.what.exec])
            case .nothing: Self.filter(accepting: [Self.what.none])
            }
        let result = program.bytes.withUnsafeBytes {
            clinux_attach_filter(socket.raw, $0.baseAddress, Int32($0.count / 8))
        }
        _ = try Errno.check(result)
    }

    private static let load: UInt16 = 0x20  // BPF_LD | BPF_W | BPF_ABS
    private static let equal: UInt16 = 0x15  // BPF_JMP | BPF_JEQ | BPF_K
    private static let answer: UInt16 = 0x06  // BPF_RET | BPF_K

    /// The filter reads big-endian, the message is in host order.
    private static func big(_ value: UInt32) -> UInt32 { value.bigEndian }

    /// Accepts events of these kinds, whosever they are.
    private static func filter(accepting kinds: [UInt32]) -> Bytes {
        var program = Bytes()
        program.step(load, 36)
        for (index, kind) in kinds.enumerated() {
            program.step(equal, big(kind), yes: UInt8(kinds.count - index))
        }
        program.step(answer, 0)
        program.step(answer, 0xffff)
        return program
    }

    /// Accepts acknowledgements, new child processes of the master, its exec and exit, and its children's exits.
    private static func familyFilter(_ master: Int32) -> Bytes {
        let equalX: UInt16 = 0x1d  // BPF_JMP | BPF_JEQ | BPF_X
        let toX: UInt16 = 0x07  // BPF_MISC | BPF_TAX
        let pid = big(UInt32(bitPattern: master))
        var program = Bytes()
        program.step(load, 36)  // 0: what
        program.step(equal, big(what.none), yes: 19)  // → 21
        program.step(equal, big(what.fork), yes: 2)  // → 5
        program.step(equal, big(what.exec), yes: 7)  // → 11
        program.step(equal, big(what.exit), yes: 8, no: 15)  // → 13, 20
        program.step(load, 56)  // 5, fork: the parent process
        program.step(equal, pid, no: 13)  // → 20
        program.step(load, 60)  // the child's id …
        program.step(toX, 0)
        program.step(load, 64)  // … and its process: of a thread they differ
        program.step(equalX, 0, yes: 10, no: 9)  // → 21, 20
        program.step(load, 56)  // 11, exec: the process
        program.step(equal, pid, yes: 8, no: 7)  // → 21, 20
        program.step(load, 52)  // 13, exit: the id …
        program.step(toX, 0)
        program.step(load, 56)  // … and the process
        program.step(equalX, 0, no: 3)  // → 20
        program.step(equal, pid, yes: 3)  // → 21
        program.step(load, 72)  // the parent process
        program.step(equal, pid, yes: 1)  // → 21
        program.step(answer, 0)  // 20: refuse
        program.step(answer, 0xffff)  // 21: accept
        return program
    }
}

extension Bytes {
    /// One instruction of a classic socket filter.
    fileprivate mutating func step(_ code: UInt16, _ value: UInt32, yes: UInt8 = 0, no: UInt8 = 0) {
        u16(code)
        u8(yes)
        u8(no)
        u32(value)
    }
}
