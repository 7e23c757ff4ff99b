// A stream's beginning: the request's head lies in the shared buffer, is asked against the rules, and is written
// anew for the server.

import ConfigLanguage
import HTTP1
import Unix

extension Stream {
    /// The head of `headLength` bytes was read into `core.requestHead`; `total` bytes lie in the shared buffer.
    func beginHTTP(_ client: ClientConnection, headLength: Int, total: Int) {
        let now = core.loop.now
        began = client.headBegan == .never ? now : client.headBegan
        requestDone = now
        core.figures.requests += 1
        frontend.load.traffic.requests += 1
        frontend.load.requestRate.count(at: now)
        method = core.requestHead.method
        clientIsVersion11 = core.requestHead.isVersion11
        asksForUpgrade = core.requestHead.asksForUpgrade
        keepsClient =
            core.requestHead.wantsKeepAlive && !frontend.closesClients && client.hasFuture
        let buffered = core.bytes(0..<headLength)
        let bytes = buffered.span
        core.show(.request, UnsafeRawBufferPointer(buffered))
        if frontend.keepsLine {
            let line = core.requestHead.line
            requestLine.append(bytes, line.lowerBound..<min(line.upperBound, line.lowerBound + 1023))
        }
        if core.requestHead.isLaterMinor {
            core.readBuffer[core.requestHead.line.upperBound - 1] = UInt8(ascii: "1")
        }
        // What belongs to this request's body stays behind its head; the rest is the next request's.
        request.begin(core.requestHead.framing)
        let rest = UnsafeMutableRawBufferPointer(rebasing: core.readBuffer[headLength..<total])
        var bodyLength = 0
        if !rest.isEmpty {
            guard let part = request.take(rest) else {
                captureRequest(bodyAt: headLength)
                fail(status: 400, cause: "P", moment: "R")
                return
            }
            bodyLength = part.taken
            if part.taken < rest.count { client.hold(UnsafeRawBufferPointer(rebasing: rest[part.taken...])) }
        }
        if let monitor = frontend.monitorPath, isTarget(monitor, bytes) {
            isLogged = false
            reply(page: 200)
            return
        }
        let scene = Scene(core: core, client: client, stream: self)
        if frontend.rules.asksRequests || client.isTracked {
            guard ask(frontend.rules, in: scene, counts: true) else { return }
        }
        guard let backend = chooseBackend(in: scene) else { return }
        enter(backend)
        backend.load.traffic.requests += 1
        backend.load.requestRate.count(at: now)
        if backend.rules.asksRequests && backend.id != frontend.id {
            guard ask(backend.rules, in: scene, counts: false) else { return }
        }
        if backend.cookie != nil || !backend.stickRules.isEmpty { findPreferred(backend, in: scene) }
        if backend.closesClients { keepsClient = false }
        let buffer = core.takeBuffer()
        writeHead(to: buffer, headLength: headLength, backend)
        if bodyLength > 0 { buffer.append(UnsafeRawBufferPointer(rebasing: rest[..<bodyLength])) }
        bytesIn = headLength + bodyLength
        outgoing = buffer
        if !backend.names.isEmpty { settleNames(backend, in: scene) }
        retriesLeft = backend.settings.retries
        assign(backend, client)
    }

    /// A TCP client was accepted.
    func beginTCP() {
        began = core.loop.now
        requestDone = began
        request.begin(.tunnel)
        response.begin(.tunnel)
        inspect()
    }

    /// From here on the stream counts for a backend.
    func enter(_ backend: Backend) {
        self.backend = backend
        backend.load.sessions.rise()
        backend.load.traffic.sessions += 1
        backend.load.sessionRate.count(at: core.loop.now)
        backend.lastSession = core.loop.now
    }

    private func isTarget(_ text: [UInt8], _ bytes: Span<UInt8>) -> Bool {
        let target = core.requestHead.target
        guard target.count == text.count else { return false }
        for offset in 0..<text.count where bytes[target.lowerBound + offset] != text[offset] { return false }
        return true
    }

    /// `tcp-request content`, then `http-request`; false: one of them answered. `counts`: the request is counted
    /// between the two, into what is tracked by then.
    private func ask(_ rules: RuleSet, in scene: Scene, counts: Bool) -> Bool {
        if !rules.content.isEmpty {
            isBeforeCounting = counts
            let goesOn = apply(rules.content, in: scene)
            isBeforeCounting = false
            guard goesOn else { return false }
        }
        if counts { countTracked(.httpReqCnt, .httpReqRate) }
        return rules.request.isEmpty || apply(rules.request, in: scene)
    }

    private func chooseBackend(in scene: Scene) -> Backend? {
        if let backend = chooseTCPBackend(in: scene) { return backend }
        frontend.load.traffic.requestErrors += 1
        fail(status: 503, cause: "S", moment: "C")
        return nil
    }

    func chooseTCPBackend(in scene: Scene) -> Backend? {
        for rule in frontend.backendRules {
            guard let condition = rule.condition else { return rule.backend }
            if condition.holds(in: scene) { return rule.backend }
        }
        return frontend.defaultBackend
    }

    /// Where the client came to.
    var localAddress: SocketAddress { client?.localAddress ?? .unix(path: "") }

    // MARK: The head for the server

    /// Writes the request's head as the server is to see it.
    private func writeHead(to buffer: ByteBuffer, headLength: Int, _ backend: Backend) {
        let closes = !backend.keepsServers || !frontend.keepsServers
        let forwarding = frontend.forwarding ?? backend.forwarding
        let mustChange = core.requestHead.section.mustBeRewritten || !clientIsVersion11 || core.isHeadEdited
        let line = core.requestHead.line
        let end = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(core.readBuffer)[..<headLength])
        if !mustChange {
            // Everything but the empty line, as one piece.
            let from = line.lowerBound
            let upTo = forwarding == nil && !closes ? headLength : headLength - 2
            buffer.append(UnsafeRawBufferPointer(rebasing: end[from..<upTo]))
            if upTo == headLength { return }
        } else {
            writeFields(to: buffer)
        }
        if let forwarding { append(forwarding, to: buffer) }
        if asksForUpgrade {
            if mustChange { buffer.append("connection: Upgrade\r\n") }
        } else if closes {
            buffer.append("connection: close\r\n")
        } else if !clientIsVersion11 {
            buffer.append("connection: keep-alive\r\n")
        }
        buffer.append("\r\n")
    }

    private func writeFields(to buffer: ByteBuffer) {
        let buffered = core.headBytes.assumingMemoryBound(to: UInt8.self)
        let bytes = buffered.span
        buffer.append(bytes, core.requestHead.line)
        buffer.append("\r\n")
        var sawLength = false
        for field in core.requestHead.section.fields {
            switch field.known {
            case .connection, .keepAlive, .proxyConnection: continue
            case .contentLength:
                if sawLength { continue }
                sawLength = true
                if core.requestHead.section.repeatsContentLength {
                    buffer.append(contentLength: core.requestHead.section)
                    continue
                }
            case .upgrade: if !asksForUpgrade { continue }
            case .other, .host, .transferEncoding, .expect: break
            }
            buffer.append(bytes, Int(field.nameStart)..<Int(field.valueEnd))
            buffer.append("\r\n")
        }
    }

    private func append(_ forwarding: Forwarding, to buffer: ByteBuffer) {
        guard let client, case .ipv4 = client.peer.unmapped else {
            if let client, case .ipv6 = client.peer { appendForwarded(forwarding, client, to: buffer) }
            return
        }
        appendForwarded(forwarding, client, to: buffer)
    }

    private func appendForwarded(
        _ forwarding: Forwarding, _ client: ClientConnection, to buffer: ByteBuffer
    ) {
        if forwarding.except.contains(where: { $0.contains(client.peer) }) { return }
        if forwarding.ifNone {
            let buffered = core.headBytes.assumingMemoryBound(to: UInt8.self)
            let bytes = buffered.span
            for field in core.requestHead.section.fields
            where bytes.matches(field.name, lowercased: forwarding.lowercasedHeader) {
                return
            }
        }
        buffer.append(forwarding.header)
        buffer.append(": ")
        client.peer.unmapped.appendHost(to: buffer)
        buffer.append("\r\n")
    }
}

extension SocketAddress {
    /// The host without building a string for the common case.
    func appendHost(to buffer: ByteBuffer) {
        guard case .ipv4(let address, _) = self else { return buffer.append(host) }
        withUnsafeTemporaryAllocation(byteCount: Self.longestIPv4Text, alignment: 1) { room in
            buffer.append(Self.write(ipv4: address, to: room))
        }
    }
}
