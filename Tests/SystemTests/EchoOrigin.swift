// An origin that sends back what it gets, so that every byte of a body can be compared on its way up and down.

import Polling
import Testing
import Unix

/// After the head of a request it answers with a head that fits, and with the request's own body, as it comes: with
/// the same length, in the same chunks, or, after an Upgrade, until the end. Without a head (`isRaw`): everything.
final class EchoOrigin: Watcher {
    let port: UInt16
    private let listener: Descriptor
    private let loop: EventLoop
    private let isRaw: Bool
    private var members: [ObjectIdentifier: Member] = [:]

    private final class Member: Watcher {
        let socket: Descriptor
        unowned let origin: EchoOrigin
        var head: [UInt8]? = []
        var waiting: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 1 << 16)

        init(_ socket: consuming Descriptor, of origin: EchoOrigin) {
            self.socket = socket
            self.origin = origin
            if origin.isRaw { head = nil }
        }

        override func ready(_ readiness: UInt32) {
            send()
            while true {
                switch room.withUnsafeMutableBytes({ Socket.read(socket.raw, into: $0) }) {
                case .moved(let count): take(Array(room[..<count]))
                case .wouldBlock: return
                case .ended, .failed: return origin.end(self)
                }
            }
        }

        private func take(_ bytes: [UInt8]) {
            if let begun = head {
                let all = begun + bytes
                guard let end = all.firstRange(of: Array("\r\n\r\n".utf8)) else {
                    head = all
                    return
                }
                head = nil
                let lines = String(decoding: all[..<end.lowerBound], as: UTF8.self).lowercased()
                    .split(separator: "\r\n")
                let length = lines.first { $0.hasPrefix("content-length:") }
                let answer =
                    lines.contains { $0.hasPrefix("upgrade:") }
                    ? ["101 Switching Protocols", "Upgrade: echo", "Connection: Upgrade"]
                    : [
                        "200 OK", length.map(String.init) ?? "Transfer-Encoding: chunked",
                        "Connection: close",
                    ]
                waiting += Array(("HTTP/1.1 " + answer.joined(separator: "\r\n") + "\r\n\r\n").utf8)
                waiting += all[end.upperBound...]
            } else {
                waiting += bytes
            }
            send()
        }

        private func send() {
            var sent = 0
            while sent < waiting.count {
                let result = waiting.withUnsafeBytes {
                    Socket.write(socket.raw, .init(rebasing: $0[sent...]))
                }
                guard case .moved(let count) = result else { break }
                sent += count
            }
            waiting.removeFirst(sent)
        }
    }

    init(on loop: EventLoop, isRaw: Bool = false) throws {
        let address = SocketAddress.ipv4(0x7f00_0001, port: 0)
        let listener = try Socket.stream(for: address)
        try Socket.bind(listener, to: address)
        try Socket.listen(listener, backlog: 64)
        port = try #require(try Socket.localAddress(listener.raw).port)
        self.listener = listener
        self.loop = loop
        self.isRaw = isRaw
        super.init()
        try loop.add(self, descriptor: self.listener.raw, interest: .readable)
    }

    override func ready(_ readiness: UInt32) {
        guard let accepted = try? Socket.accept(on: listener.raw) else { return }
        let member = Member(accepted.take(), of: self)
        members[ObjectIdentifier(member)] = member
        do throws(Errno) {
            try loop.add(member, descriptor: member.socket.raw, interest: .edges)
        } catch {
            Issue.record("the origin cannot watch its connection: \(error)")
        }
    }

    private func end(_ member: Member) {
        loop.remove(member)
        members[ObjectIdentifier(member)] = nil
    }
}
