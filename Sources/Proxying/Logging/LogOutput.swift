// One `log` target at work: a datagram socket or a descriptor that we share with others. Nothing here ever waits:
// what the target does not take now is kept up to a limit and tried again; what exceeds it is dropped and counted.

import CLinux
import ConfigLanguage
import Glibc
import Polling
import Unix

/// Writes lines to one destination.
final class LogOutput: Watcher {
    let target: LogTarget
    private unowned let core: ProxyCore
    private let destination: Destination
    /// Whole lines (descriptors) or datagrams that were not taken yet.
    private let pending = ByteBuffer(capacity: 4096)
    private var lengths: [Int] = []
    private var isScheduled = false
    /// The line that is being built.
    private let line = ByteBuffer(capacity: 2048)
    let header: SyslogHeader

    private enum Destination {
        case descriptor(Int32)
        case datagrams(Int32, SocketAddress)
    }

    private static let mostPending = 1 << 20
    private static let retryNanoseconds: Int64 = 50_000_000
    /// A pipe that is writable takes this much without blocking (PIPE_BUF).
    private static let atomicWrite = 4096

    init(target: LogTarget, tag: String, hostname: String, core: ProxyCore) throws(Errno) {
        self.target = target
        self.core = core
        switch target.destination {
        case .stdout: destination = .descriptor(1)
        case .stderr: destination = .descriptor(2)
        case .descriptor(let number): destination = .descriptor(number)
        case .unix(let path):
            let address = SocketAddress.unix(path: path)
            destination = .datagrams(try Socket.datagram(for: address).release(), address)
        case .udp(let endpoint):
            let address: SocketAddress =
                switch endpoint {
                case .tcp(let host, _, .number(let port)):
                    SocketAddress(numeric: host ?? "127.0.0.1", port: port) ?? .unix(path: "")
                case .unix(let path): .unix(path: path)
                case .abstract(let name): .paddedAbstract(name: name)
                case .tcp, .descriptor: .unix(path: "")
                }
            destination = .datagrams(try Socket.datagram(for: address).release(), address)
        }
        var isDescriptor = false
        if case .descriptor = destination { isDescriptor = true }
        header = SyslogHeader(
            format: target.format ?? (isDescriptor ? .raw : .local), facility: target.facility, tag: tag,
            hostname: hostname, pid: getpid())
    }

    deinit {
        if case .datagrams(let descriptor, _) = destination { close(descriptor) }
    }

    /// Sends one message of a level (0 emerg … 7 debug).
    func send(level: Int, at time: WallClock, _ message: UnsafeRawBufferPointer) {
        guard level <= target.maxLevel else { return }
        line.clear()
        header.append(to: line, level: max(level, target.minLevel), time: time, calendar: core.calendar)
        let room = max(0, target.length - line.count - 1)
        line.append(UnsafeRawBufferPointer(rebasing: message[..<min(room, message.count)]))
        line.append(byte: 10)
        switch destination {
        case .descriptor:
            keep(line.bytes)
            schedule()
        case .datagrams(let descriptor, let address):
            if !lengths.isEmpty || !transmit(line.bytes, descriptor, address) {
                keep(line.bytes)
                core.loop.setDeadline(
                    core.loop.now.advanced(byNanoseconds: Self.retryNanoseconds), of: self)
            }
        }
    }

    private func keep(_ bytes: UnsafeRawBufferPointer) {
        guard pending.count + bytes.count <= Self.mostPending else {
            core.figures.droppedLogs += 1
            return
        }
        pending.append(bytes)
        lengths.append(bytes.count)
    }

    private func schedule() {
        guard !isScheduled else { return }
        isScheduled = true
        core.loop.atEndOfRound { [self] in
            isScheduled = false
            flush()
        }
    }

    override func deadlineReached() {
        flush()
    }

    /// Writes what can be written now.
    func flush() {
        var done = 0
        loop: while done < lengths.count {
            switch destination {
            case .datagrams(let descriptor, let address):
                let datagram = UnsafeRawBufferPointer(rebasing: pending.bytes[..<lengths[done]])
                guard transmit(datagram, descriptor, address) else { break loop }
                pending.drop(lengths[done])
                done += 1
            case .descriptor(let descriptor):
                var lines = 0
                var size = 0
                while done + lines < lengths.count,
                    size + lengths[done + lines] <= Self.atomicWrite || lines == 0
                {
                    size += lengths[done + lines]
                    lines += 1
                }
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard Glibc.poll(&poll, 1, 0) > 0 else { break loop }
                // A longer line goes in parts, since a pipe with less room would block.
                let part = min(size, Self.atomicWrite)
                let written = write(descriptor, pending.bytes.baseAddress, part)
                if written < 0 && (errno == EAGAIN || errno == EINTR) { break loop }
                if part < size, written == part {
                    pending.drop(part)
                    lengths[done] -= part
                    continue
                }
                if written < size { core.figures.droppedLogs += lines }
                pending.drop(size)
                done += lines
            }
        }
        lengths.removeFirst(done)
        if !lengths.isEmpty {
            core.loop.setDeadline(core.loop.now.advanced(byNanoseconds: Self.retryNanoseconds), of: self)
        }
    }

    /// False: the receiver's queue is full. Nobody listening is a dropped line.
    private func transmit(
        _ bytes: UnsafeRawBufferPointer, _ descriptor: Int32, _ address: SocketAddress
    ) -> Bool {
        let result = try? address.withKernelForm { address, length in
            sendto(
                descriptor, bytes.baseAddress, bytes.count,
                Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), address, length)
        }
        if let result, result >= 0 { return true }
        if errno == EAGAIN || errno == ENOBUFS { return false }
        core.figures.droppedLogs += 1
        return true
    }
}
