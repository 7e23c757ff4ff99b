// One connection of the origin: reads requests, answers each in its way, one after the other.

import Glibc
import Polling
import Unix

final class OriginConnection: Watcher {
    private enum State {
        case requests
        /// Bytes of a request's body still to come, then `action`.
        case skipping(Int, OriginRequest)
        /// Waits for its deadline, then sends the head that is ready.
        case delayed
        /// Sends `piece` bytes at each deadline until `dripLeft` is used up.
        case dripping(piece: Int, every: Duration)
        case silent
        case webSocket
        case closed
    }

    private let socket: Descriptor
    private unowned let origin: Origin
    private var state = State.requests
    /// Bytes that were read and not used yet.
    private var rest: [UInt8] = []
    /// Bytes to send, then `bodyLeft` bytes of filler.
    private var head: [UInt8] = []
    private var headSent = 0
    private var bodyLeft = 0
    private var dripLeft = 0
    private var closesAfter = false
    /// Inside `use`, which goes on by itself when an answer was sent at once.
    private var isUsing = false

    init(_ socket: consuming Descriptor, of origin: Origin) {
        self.socket = socket
        self.origin = origin
        super.init()
        Socket.setNoDelay(self.socket.raw)
    }

    var socketNumber: Int32 { socket.raw }
    private var isClosed: Bool { if case .closed = state { true } else { false } }
    private var isSending: Bool { headSent < head.count || bodyLeft > 0 }

    func close() {
        guard !isClosed else { return }
        state = .closed
        origin.loop.remove(self)
        shutdown(socket.raw, Int32(SHUT_RDWR))
        origin.ended(self)
    }

    override func ready(_ readiness: UInt32) {
        if isSending { send() }
        while !isClosed {
            switch Socket.read(socket.raw, into: origin.buffers.input) {
            case .moved(let count):
                received(UnsafeRawBufferPointer(rebasing: origin.buffers.input[..<count]))
                let drained = count < origin.buffers.input.count
                if drained && readiness & Readiness.peerEnded.rawValue == 0 { return }
            case .wouldBlock: return
            case .ended, .failed: close()
            }
        }
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        guard rest.isEmpty else {
            rest.append(contentsOf: bytes)
            useRest()
            return
        }
        let used = use(bytes)
        if used < bytes.count && !isClosed { rest.append(contentsOf: bytes[used...]) }
    }

    private func useRest() {
        guard !rest.isEmpty, !isUsing else { return }
        let bytes = rest
        let used = bytes.withUnsafeBytes { use($0) }
        if !isClosed { rest.removeFirst(used) }
    }

    /// Uses what it can; returns how many bytes that were.
    private func use(_ bytes: UnsafeRawBufferPointer) -> Int {
        isUsing = true
        defer { isUsing = false }
        var used = 0
        while used < bytes.count {
            let left = UnsafeRawBufferPointer(rebasing: bytes[used...])
            switch state {
            case .requests:
                guard !isSending, let request = OriginRequest(left) else { return used }
                used += request.length
                origin.requests += 1
                if request.contentLength > 0 {
                    state = .skipping(request.contentLength, request)
                } else {
                    answer(request)
                }
            case .skipping(let count, let request):
                let skipped = min(count, left.count)
                used += skipped
                if skipped < count {
                    state = .skipping(count - skipped, request)
                } else {
                    state = .requests
                    answer(request)
                }
            case .webSocket:
                guard let frame = WebSocketFrame(left) else { return used }
                used += frame.length
                reply(frame)
            case .delayed, .dripping, .silent: return used
            case .closed: return bytes.count
            }
        }
        return used
    }

    // MARK: Answers

    private func answer(_ request: OriginRequest) {
        closesAfter = request.closes
        let body = { (count: Int) in request.hasNoBody ? 0 : count }
        switch request.action {
        case .bytes(let count): send(head: origin.head(bytes: count), body: body(count))
        case .status(let code):
            let text = "HTTP/1.1 \(code) Status\r\nContent-Length: 2\r\n\r\n"
            send(head: Array(text.utf8), body: body(2))
        case .poll(let milliseconds):
            head = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n".utf8)
            headSent = 0
            state = .delayed
            dripLeft = body(2)
            wake(after: .milliseconds(milliseconds))
        case .slow(let count, let milliseconds):
            state = .dripping(piece: (count + 9) / 10, every: .milliseconds((milliseconds + 9) / 10))
            dripLeft = body(count)
            send(head: origin.head(bytes: count), body: 0)
            wake(after: .milliseconds((milliseconds + 9) / 10))
        case .chunked(let count): send(head: chunked(body(count), headOnly: request.hasNoBody), body: 0)
        case .half(let count):
            closesAfter = true
            send(head: origin.head(bytes: count), body: count / 2)
        case .reset:
            Socket.setResetOnClose(socket.raw)
            // `shutdown` would send a FIN first: the descriptor's close must be the first word.
            state = .closed
            origin.loop.remove(self)
            origin.ended(self)
        case .silent: state = .silent
        case .webSocket:
            state = .webSocket
            send(head: Array(WebSocketFrame.acceptance.utf8), body: 0)
        case .unknown:
            send(head: Array("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n".utf8), body: body(2))
        }
    }

    private func chunked(_ count: Int, headOnly: Bool) -> [UInt8] {
        var bytes = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        if headOnly { return bytes }
        var left = min(count, 1 << 20)
        while left > 0 {
            let size = min(left, 1000)
            bytes += Array("\(String(size, radix: 16))\r\n".utf8)
            bytes += [UInt8](repeating: UInt8(ascii: "x"), count: size) + [13, 10]
            left -= size
        }
        return bytes + Array("0\r\n\r\n".utf8)
    }

    private func reply(_ frame: WebSocketFrame) {
        // Echoes may queue behind one that the socket did not take whole.
        let rest = head[headSent...]
        head = Array(rest) + frame.echo
        headSent = 0
        if frame.isClose { closesAfter = true }
        send()
    }

    private func wake(after span: Duration) {
        origin.loop.setDeadline(origin.loop.now + span, of: self)
    }

    override func deadlineReached() {
        switch state {
        case .delayed:
            state = .requests
            bodyLeft = dripLeft
            dripLeft = 0
            send()
            useRest()
        case .dripping(let piece, let every):
            let count = min(piece, dripLeft)
            dripLeft -= count
            bodyLeft += count
            if dripLeft == 0 { state = .requests } else { wake(after: every) }
            send()
            if dripLeft == 0 { useRest() }
        case .requests, .skipping, .silent, .webSocket, .closed: break
        }
    }

    private func send(head: [UInt8], body: Int) {
        self.head = head
        headSent = 0
        bodyLeft = body
        send()
    }

    private func send() {
        while !isClosed && isSending {
            if case .delayed = state { return }
            let filler = origin.buffers.filler
            let body = UnsafeRawBufferPointer(rebasing: filler[..<min(bodyLeft, filler.count)])
            let headLeft = head.count - headSent
            let transfer = head.withUnsafeBytes { bytes in
                headLeft == 0
                    ? Socket.write(socket.raw, body)
                    : Socket.write(socket.raw, .init(rebasing: bytes[headSent...]), body)
            }
            switch transfer {
            case .moved(let count):
                headSent += min(count, headLeft)
                bodyLeft -= max(0, count - headLeft)
            case .wouldBlock: return
            case .ended, .failed: return close()
            }
        }
        guard !isClosed else { return }
        if closesAfter, case .requests = state { return close() }
        if closesAfter, case .webSocket = state { return close() }
        if case .requests = state { useRest() }
    }
}
