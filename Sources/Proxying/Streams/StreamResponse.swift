// A stream's response: its head is read, written anew where it must change, and its body follows.

import ConfigLanguage
import Glibc
import HTTP1
import Unix

extension Stream {
    /// Reads heads (interim ones too) until the final one came, then passes on what came with it.
    func readResponse() {
        while phase == .exchange && !hasResponse {
            guard let connection, connection.isReadable else { return }
            let buffer = core.readBuffer
            var total = 0
            if let held = connection.held {
                buffer.copyMemory(from: held.bytes)
                total = held.count
            }
            switch connection.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[total...])) {
            case .moved(let count): total += count
            case .wouldBlock: return
            case .ended, .failed:
                if connection.held != nil || isUploadBroken { isResendable = false }
                serverLost()
                return
            }
            readHeads(connection, total)
        }
    }

    /// Reads the heads that lie in the shared buffer.
    private func readHeads(_ connection: ServerConnection, _ total: Int) {
        var start = 0
        while phase == .exchange && !hasResponse {
            let buffered = core.bytes(start..<total)
            let bytes = buffered.span
            switch core.responseHead.read(bytes) {
            case .partial:
                keepPartial(connection, start..<total)
                return
            case .invalid:
                let position = HeadOutcome.fault(in: bytes) { core.responseHead.read($0) }
                captureResponse(start..<total, at: position)
                invalidResponse()
                return
            case .complete(let length):
                if length > ClientConnection.longestHead + 1024 {
                    captureResponse(start..<total, at: length)
                    invalidResponse()
                    return
                }
                releaseHeld(connection)
                if core.responseHead.isLaterMinor { core.readBuffer[start + 7] = UInt8(ascii: "1") }
                let status = core.responseHead.status
                if status < 200 && status != 101 {
                    passInterim(start, length)
                    start += length
                    if start == total { return }
                } else {
                    beginResponse(connection, start, headLength: length, total)
                }
            }
        }
    }

    private func keepPartial(_ connection: ServerConnection, _ range: Range<Int>) {
        if range.count > ClientConnection.longestHead {
            captureResponse(range, at: range.count)
            invalidResponse()
            return
        }
        let kept = connection.held ?? core.takeBuffer()
        kept.clear()
        kept.append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(core.readBuffer)[range]))
        connection.held = kept
    }

    private func releaseHeld(_ connection: ServerConnection) {
        if let held = connection.held {
            connection.held = nil
            core.putBackBuffer(held)
        }
    }

    private func invalidResponse() {
        backend?.load.traffic.responseErrors += 1
        server?.load.traffic.responseErrors += 1
        fail(status: 502, cause: "P", moment: "H")
    }

    /// `100 Continue` and its like go to clients that know them.
    private func passInterim(_ start: Int, _ length: Int) {
        guard clientIsVersion11 else { return }
        guard core.responseHead.hasForbiddenFraming || core.responseHead.section.mustBeRewritten else {
            write(
                UnsafeRawBufferPointer(
                    rebasing: UnsafeRawBufferPointer(core.readBuffer)[start..<start + length]))
            return
        }
        let head = core.scratch
        head.clear()
        let bytes = UnsafeRawBufferPointer(rebasing: core.sharedBytes[start..<start + length])
        writeFields(to: head, bytes, dechunks: false)
        head.append("\r\n")
        write(head.bytes)
    }

    // MARK: The final head

    private func beginResponse(_ connection: ServerConnection, _ start: Int, headLength: Int, _ total: Int) {
        responded = core.loop.now
        if core.responseHead.status / 100 == 4 { countClientError() }
        let isAsked = asksAboutResponses
        if isAsked {
            guard applyResponseRules(start..<start + headLength) else { return }
        }
        hasResponse = true
        status = core.responseHead.status
        let framing = core.responseHead.framing(answering: method)
        let switches = (status == 101 && asksForUpgrade) || framing.isTunnel
        if status == 101 && !switches {
            // It switches to a protocol that nobody asked for.
            hasResponse = false
            status = -1
            invalidResponse()
            return
        }
        serverKeepsOpen = core.responseHead.allowsKeepAlive
        let dechunks = !clientIsVersion11 && framing.isChunked
        if framing.isUntilClose || dechunks || isUploadBroken || client?.hasFuture != true {
            keepsClient = false
        }
        if !request.isComplete && !request.isFlushed { keepsClient = false }
        response.begin(switches ? .tunnel : framing, dechunks: dechunks)
        let buffer = core.readBuffer
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[(start + headLength)..<total])
        var output = 0
        if !rest.isEmpty {
            guard let part = response.take(rest) else {
                captureResponse(from: start, bodyAt: start + headLength)
                hasResponse = false
                status = -1
                invalidResponse()
                return
            }
            output = part.output
            if part.taken < rest.count { hasSurplus = true }
        }
        sendHead(
            start, headLength, body: UnsafeRawBufferPointer(rebasing: rest[..<output]), switches, dechunks,
            edited: isAsked && core.isHeadEdited)
        releaseOutgoingWhenDone()
        if phase != .exchange { return }
        if switches {
            beginTunnel()
        } else if response.isComplete && response.isFlushed {
            responseDone()
        } else {
            pumpResponse()
        }
    }

    /// Rules or a cookie have a say in the response.
    private var asksAboutResponses: Bool {
        guard let backend else { return false }
        return backend.rules.asksResponses || backend.cookie != nil || frontend.rules.asksResponses
            || backend.storesOnResponse
    }

    /// The request needs not be kept once its answer has come.
    private func releaseOutgoingWhenDone() {
        isResendable = false
        guard !hasUnsent, let outgoing else { return }
        self.outgoing = nil
        core.putBackBuffer(outgoing)
    }

    /// Sends the head with the first of the body: as it came where nothing changes, else written anew.
    private func sendHead(
        _ start: Int, _ headLength: Int, body: UnsafeRawBufferPointer, _ switches: Bool, _ dechunks: Bool,
        edited: Bool
    ) {
        let saysClose = !switches && !keepsClient
        let saysKeepAlive = !switches && keepsClient && (!clientIsVersion11 || !core.responseHead.isVersion11)
        let mustChange =
            dechunks || edited || core.responseHead.hasForbiddenFraming
            || (core.responseHead.section.mustBeRewritten && !switches)
        let buffer = UnsafeRawBufferPointer(core.readBuffer)
        if !mustChange && !saysClose && !saysKeepAlive {
            let whole = UnsafeRawBufferPointer(
                rebasing: buffer[start..<start + headLength + (dechunks ? 0 : body.count)])
            write(whole)
            return
        }
        let head = core.scratch
        head.clear()
        if mustChange {
            let bytes =
                edited ? core.headBytes : UnsafeRawBufferPointer(rebasing: buffer[start..<start + headLength])
            writeFields(to: head, bytes, dechunks: dechunks)
        } else {
            head.append(UnsafeRawBufferPointer(rebasing: buffer[start..<(start + headLength - 2)]))
        }
        if saysClose { head.append("connection: close\r\n") }
        if saysKeepAlive { head.append("connection: keep-alive\r\n") }
        head.append("\r\n")
        write(head.bytes, body)
    }

    private func writeFields(to head: ByteBuffer, _ source: UnsafeRawBufferPointer, dechunks: Bool) {
        let buffered = source.assumingMemoryBound(to: UInt8.self)
        let bytes = buffered.span
        head.append(bytes, core.responseHead.line)
        head.append("\r\n")
        let dropsFraming = core.responseHead.forbidsFraming
        var sawLength = dropsFraming || core.responseHead.section.hasLengthBesideChunks
        for field in core.responseHead.section.fields {
            switch field.known {
            case .connection, .keepAlive, .proxyConnection: if status != 101 { continue }
            case .contentLength:
                if sawLength { continue }
                sawLength = true
                if core.responseHead.section.repeatsContentLength {
                    head.append(contentLength: core.responseHead.section)
                    continue
                }
            case .transferEncoding: if dechunks || dropsFraming { continue }
            case .other, .host, .upgrade, .expect: break
            }
            head.append(bytes, Int(field.nameStart)..<Int(field.valueEnd))
            head.append("\r\n")
        }
    }

    /// Writes to the client; what it does not take waits in the response's flow.
    func write(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer = .init(start: nil, count: 0)
    ) {
        guard let client else { return }
        var written = 0
        let total = first.count + second.count
        if let pending = response.pending {
            pending.append(first)
            pending.append(second)
            return
        }
        while written < total {
            let result: Transfer
            if written < first.count {
                result = client.write(UnsafeRawBufferPointer(rebasing: first[written...]), second)
            } else {
                result = client.write(UnsafeRawBufferPointer(rebasing: second[(written - first.count)...]))
            }
            switch result {
            case .moved(let count):
                written += count
                bytesOut += count
            case .wouldBlock, .ended:
                client.isWritable = false
                let pending = core.takeBuffer()
                if written < first.count {
                    pending.append(UnsafeRawBufferPointer(rebasing: first[written...]))
                    pending.append(second)
                } else {
                    pending.append(UnsafeRawBufferPointer(rebasing: second[(written - first.count)...]))
                }
                response.pending = pending
                return
            case .failed:
                clientLost()
                return
            }
        }
    }

    // MARK: The body

    func pumpResponse() {
        guard phase == .exchange, let client, let connection else { return }
        let stop = Relay(core: core).move(&response, from: connection, to: client, bytes: &bytesOut) { _ in
            hasSurplus = true
        }
        switch stop {
        case .complete: responseDone()
        case .sourceBlocked, .sinkBlocked: break
        case .yielded: core.schedule(connection)
        case .sourceEnded, .sourceFailed:
            countServerAbort()
            backend?.load.traffic.responseErrors += 1
            server?.load.traffic.responseErrors += 1
            end(cause: "S", moment: "D")
        case .sinkFailed: clientLost()
        case .invalid:
            captureResponse()
            backend?.load.traffic.responseErrors += 1
            server?.load.traffic.responseErrors += 1
            end(cause: "P", moment: "D")
        }
    }

    // MARK: Tunnels

    /// From here on both sides say what they want.
    private func beginTunnel() {
        phase = .tunnel
        request.begin(.tunnel)
        if let held = client?.takeHeld() { request.pending = held }
        client?.isReadable = true
        pumpTunnel()
        if phase == .tunnel { setTunnelDeadlines() }
    }

    /// Both directions; the end of one is passed on, the end of both is the end.
    func pumpTunnel() {
        guard let client, let connection else { return }
        let relay = Relay(core: core)
        if hasUnsent && !flushOutgoing() && phase != .tunnel { return }
        if migration != .none || core.movesTunnels, !goesOnHere(client, connection) { return }
        var ignored = 0
        let inwards = relay.move(&request, from: client, to: connection, bytes: &bytesIn) {
            ignored += $0.count
        }
        switch inwards {
        case .complete: connection.shutWrite(isWhole: !client.wasCut)
        case .yielded: core.schedule(client)
        case .sourceFailed:
            clientLost()
            return
        case .sinkFailed:
            countServerAbort()
            end(cause: "S", moment: "D")
            return
        case .sourceBlocked, .sinkBlocked, .sourceEnded, .invalid: break
        }
        let outwards = relay.move(&response, from: connection, to: client, bytes: &bytesOut) {
            ignored += $0.count
        }
        switch outwards {
        case .complete: client.shutWrite(isWhole: !connection.wasCut)
        case .yielded: core.schedule(connection)
        case .sourceFailed:
            countServerAbort()
            end(cause: "S", moment: "D")
            return
        case .sinkFailed:
            clientLost()
            return
        case .sourceBlocked, .sinkBlocked, .sourceEnded, .invalid: break
        }
        if request.isComplete && request.isFlushed && response.isComplete && response.isFlushed {
            end(cause: "-", moment: "-")
        }
    }

    func setTunnelDeadlines() {
        guard migration != .moving, let client, let connection, let backend else { return }
        account()
        let timing = backend.timing
        var clientSpan = timing.hasTunnel ? timing.tunnel : frontend.timing.client
        var serverSpan = timing.hasTunnel ? timing.tunnel : timing.server
        if response.isComplete { clientSpan = frontend.timing.clientFin ?? clientSpan }
        if request.isComplete { serverSpan = timing.serverFin ?? serverSpan }
        // A side that has ended and has taken all that came for it is not waited for.
        if request.isComplete && response.isFlushed { clientSpan = .max }
        if response.isComplete && request.isFlushed { serverSpan = .max }
        client.setDeadline(after: clientSpan)
        connection.setDeadline(after: serverSpan)
    }
}
