// Lines of text over one stream socket, both ways: how the dashboard and the demo's stage talk.
// The other side's end is an event, because each of the two goes when the other has gone.

import Glibc
import Polling
import Unix

/// One end of a conversation in lines.
final class LineChannel: Watcher {
    private let socket: Descriptor
    private unowned let loop: EventLoop
    private let received: (String) -> Void
    private let ended: () -> Void
    private var incoming: [UInt8] = []
    private var isOpen = true
    /// More than this without a line end is not our partner.
    private static let longestLine = 16_384

    init(
        _ socket: consuming Descriptor, on loop: EventLoop, received: @escaping (String) -> Void,
        ended: @escaping () -> Void
    ) throws(Errno) {
        self.socket = socket
        self.loop = loop
        self.received = received
        self.ended = ended
        super.init()
        try loop.add(self, descriptor: self.socket.raw, interest: .readable)
    }

    /// Sends one line; a partner that reads nothing loses lines instead of blocking this loop.
    func say(_ line: String) {
        guard isOpen else { return }
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { Socket.write(socket.raw, $0) }
    }

    /// Ends the conversation without calling `ended`.
    func close() {
        guard isOpen else { return }
        isOpen = false
        loop.remove(self)
        shutdown(socket.raw, Int32(SHUT_RDWR))
    }

    override func ready(_ readiness: UInt32) {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while isOpen {
            switch chunk.withUnsafeMutableBytes({ Socket.read(socket.raw, into: $0) }) {
            case .moved(let count):
                incoming.append(contentsOf: chunk[..<count])
                handOutLines()
            case .wouldBlock:
                return
            case .ended, .failed:
                close()
                ended()
            }
        }
    }

    private func handOutLines() {
        while let end = incoming.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: incoming[..<end], as: UTF8.self)
            incoming.removeSubrange(...end)
            received(line)
            if !isOpen { return }
        }
        if incoming.count > Self.longestLine {
            close()
            ended()
        }
    }
}
