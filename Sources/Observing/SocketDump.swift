// One dump of the kernel's sockets on its way: each step takes in what one datagram holds, so that a list of a hundred
// thousand sockets keeps nobody waiting.

import CLinux
import Glibc
import Unix

final class SocketDump {
    private let socket: Descriptor

    /// The kinds of requests.
    enum Kind: UInt16 {
        /// The older one for TCP, which gives both families in one walk through the kernel's table. On a large machine
        /// the walk alone takes milliseconds.
        case bothFamilies = 18
        case byFamily = 20
    }

    /// Sends a request with this body.
    init(_ kind: Kind, _ body: [UInt8]) throws(Errno) {
        let sockDiag: Int32 = 4
        socket = Descriptor(owning: try Errno.check(clinux_netlink(sockDiag, 0)))
        var request = Bytes()
        request.u32(UInt32(16 + body.count))
        request.u16(kind.rawValue)
        request.u16(0x301)  // NLM_F_REQUEST | NLM_F_DUMP
        request.zeros(8)
        request.append(body)
        if Glibc.send(socket.raw, request.bytes, request.bytes.count, 0) < 0 { throw .last }
    }

    /// Asks for TCP sockets in one of `states` whose local port is one of `ports` (empty: all), IPv4 and IPv6.
    /// `information`: with `tcp_info` of each.
    convenience init(
        internet states: UInt32, ports: [UInt16] = [], information: Bool = false
    ) throws(Errno) {
        var body = Bytes()
        body.u8(0)
        body.u16(0)
        body.u8(information ? 1 << 1 : 0)  // INET_DIAG_INFO
        body.zeros(48)
        body.u32(states)
        body.u32(0)
        if !ports.isEmpty {
            let program = Self.portFilter(ports)
            body.u16(UInt16(4 + program.count))
            body.u16(1)  // INET_DIAG_REQ_BYTECODE
            body.append(program)
        }
        try self.init(.bothFamilies, body.bytes)
    }

    /// The kernel's filter program: accept when the local port is one of `ports`.
    private static func portFilter(_ ports: [UInt16]) -> [UInt8] {
        let jump: UInt8 = 1
        let sourceAtLeast: UInt8 = 2
        let sourceAtMost: UInt8 = 3
        let block = 20
        var program = Bytes()
        for (index, port) in ports.enumerated() {
            let isLast = index == ports.count - 1
            let left = (ports.count - index) * block
            // A jump of exactly what is left accepts, four more refuses.
            func operation(_ code: UInt8, yes: UInt8, no: Int) {
                program.u8(code)
                program.u8(yes)
                program.u16(UInt16(no))
            }
            func argument() {
                program.u16(0)
                program.u16(port)
            }
            operation(sourceAtLeast, yes: 8, no: isLast ? block + 4 : block)
            argument()
            operation(sourceAtMost, yes: 8, no: isLast ? 16 : 12)
            argument()
            operation(jump, yes: 4, no: left - 16)
        }
        return program.bytes
    }

    /// What an attribute of one kind holds in a message of a TCP socket.
    static func attribute(_ wanted: UInt16, of message: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var offset = 72
        while offset + 4 <= message.count {
            let length = Int(message.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            let kind = message.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self)
            guard length >= 4, offset + length <= message.count else { return nil }
            if kind == wanted {
                return UnsafeRawBufferPointer(rebasing: message[(offset + 4)..<(offset + length)])
            }
            offset += (length + 3) & ~3
        }
        return nil
    }

    /// Gives each message's payload of one datagram. True: the dump has ended.
    func proceed(_ each: (UnsafeRawBufferPointer) -> Void) throws(Errno) -> Bool {
        var failure: Errno?
        var isDone = false
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 8) { buffer in
            let count = recv(socket.raw, buffer.baseAddress, buffer.count, 0)
            if count < 0 {
                if errno != EINTR { failure = .last }
            } else {
                let datagram = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
                isDone = count == 0 || Self.parse(datagram, each, &failure)
            }
        }
        if let failure { throw failure }
        return isDone
    }

    /// True: the dump has ended.
    private static func parse(
        _ bytes: UnsafeRawBufferPointer, _ each: (UnsafeRawBufferPointer) -> Void, _ failure: inout Errno?
    ) -> Bool {
        var offset = 0
        while offset + 16 <= bytes.count {
            let length = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            let kind = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt16.self)
            guard length >= 16, offset + length <= bytes.count else { return true }
            let payload = UnsafeRawBufferPointer(rebasing: bytes[(offset + 16)..<(offset + length)])
            switch kind {
            case 3: return true  // NLMSG_DONE
            case 2:  // NLMSG_ERROR
                let code = payload.count >= 4 ? payload.loadUnaligned(as: Int32.self) : 0
                if code < 0 { failure = Errno(rawValue: -code) }
                return true
            default: each(payload)
            }
            offset += (length + 3) & ~3
        }
        return false
    }
}

/// Bytes of a kernel message, in host order.
struct Bytes {
    private(set) var bytes: [UInt8] = []

    mutating func u8(_ value: UInt8) { bytes.append(value) }
    mutating func u16(_ value: UInt16) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
    mutating func u32(_ value: UInt32) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
    mutating func zeros(_ count: Int) { bytes.append(contentsOf: repeatElement(0, count: count)) }
    mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }
}
