// The proxy's own answers: error pages, `return`, `redirect`, and what is left of a request that they end.

import ConfigLanguage
import HTTP1
import Unix

extension Stream {
    /// Ends the stream with an error: a page where a client can still understand one.
    func fail(status: Int, cause: Unicode.Scalar, moment: Unicode.Scalar) {
        guard phase != .ended else { return }
        self.cause = UInt8(ascii: cause)
        self.moment = UInt8(ascii: moment)
        if status >= 500 || status == 408 { backend?.load.traffic.count(status: status) }
        guard frontend.isHTTP else {
            leaveServerSide()
            end(cause: cause, moment: moment)
            return
        }
        if let file = (backend?.settings ?? frontend.settings).errorFiles[status] {
            // A file is a whole response of its own: only closing ends it for certain.
            keepsClient = false
            send(status: status, file.bytes, body: [])
        } else {
            reply(page: status)
        }
    }

    /// One of HAProxy's pages.
    func reply(page status: Int) {
        let page = core.page(status)
        var rest = ""
        finishHead(&rest)
        send(status: status, page.head + rest.utf8, body: page.body)
    }

    func reply(_ answer: CompiledAnswer, in scene: Scene, cause: Unicode.Scalar, moment: Unicode.Scalar) {
        if case .page = answer.body {
            self.cause = UInt8(ascii: cause)
            self.moment = UInt8(ascii: moment)
            reply(page: answer.status)
            return
        }
        let content = answer.content(in: scene)
        let head = core.scratch
        head.clear()
        answer.appendHead(to: head, length: content.count, in: scene)
        reply(head: head, status: answer.status, body: content, cause: cause, moment: moment)
    }

    /// A head without connection field and empty line, and a body.
    func reply(
        head: ByteBuffer, status: Int, body: [UInt8] = [], cause: Unicode.Scalar, moment: Unicode.Scalar
    ) {
        self.cause = UInt8(ascii: cause)
        self.moment = UInt8(ascii: moment)
        var rest = ""
        finishHead(&rest)
        send(status: status, Array(head.bytes) + rest.utf8, body: body)
    }

    private func finishHead(_ head: inout String) {
        if !request.isComplete || reachedEndOfClient || client?.hasFuture != true { keepsClient = false }
        if !keepsClient {
            head += "connection: close\r\n"
        } else if !clientIsVersion11 {
            head += "connection: keep-alive\r\n"
        }
        head += "\r\n"
    }

    private var reachedEndOfClient: Bool { client?.reachedEnd ?? true }

    private func send(status: Int, _ head: [UInt8], body: [UInt8]) {
        leaveServerSide()
        self.status = status
        phase = .reply
        if let client { client.setDeadline(after: frontend.timing.client) }
        head.withUnsafeBytes { head in
            body.withUnsafeBytes { body in
                write(head, method == .head ? UnsafeRawBufferPointer(start: nil, count: 0) : body)
            }
        }
        flushReply()
    }

    func flushReply() {
        guard phase == .reply, let client else { return }
        if let pending = response.pending {
            while !pending.isEmpty {
                switch client.write(pending.bytes) {
                case .moved(let count):
                    pending.drop(count)
                    bytesOut += count
                case .wouldBlock, .ended:
                    client.isWritable = false
                    return
                case .failed:
                    clientLost()
                    return
                }
            }
            response.pending = nil
            core.putBackBuffer(pending)
        }
        finish(keepsServer: false)
    }

    /// A connection whose request never was one.
    func refuse(_ refusal: ClientConnection.Refusal, hadBytes: Bool) {
        beginUnread()
        isLogged = hadBytes || !frontend.settings.dontLogNull
        core.figures.requests += 1
        frontend.load.traffic.requests += 1
        frontend.load.traffic.requestErrors += 1
        countTracked(.httpReqCnt, .httpReqRate)
        countClientError()
        switch refusal {
        case .invalid, .tooLong: fail(status: 400, cause: "P", moment: "R")
        case .coded: fail(status: 422, cause: "P", moment: "R")
        case .timedOut: fail(status: 408, cause: "c", moment: "R")
        case .aborted:
            frontend.load.traffic.clientAborts += 1
            status = 400
            end(cause: "C", moment: "R")
        }
    }

    /// A connection that the hard stop met without a whole request. `option dontlognull` keeps probes out of the
    /// log, but whoever is cut is told of.
    func cutUnread() {
        beginUnread()
        status = 0
        end(cause: "K", moment: "R")
    }

    private func beginUnread() {
        guard let client else { return }
        began = client.headBegan == .never ? client.handshakeEnd : client.headBegan
        keepsClient = false
        clientIsVersion11 = true
        requestLine.append("<BADREQ>")
        wasRefused = true
    }
}
