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
        frontend.traffic.requests += 1
        frontend.requestFrequency.count(at: now)
        method = core.requestHead.method
        clientIsVersion11 = core.requestHead.isVersion11
        asksForUpgrade = core.requestHead.asksForUpgrade
        keepsClient =
            core.requestHead.wantsKeepAlive && !frontend.closesClients && !core.isStopping
        let buffered = core.bytes(0..<headLength)
        let bytes = buffered.span
        if !frontend.logs.isEmpty {
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
        guard apply(frontend.requestRules, bytes), let backend = chooseBackend(bytes, client) else { return }
        enter(backend)
        backend.traffic.requests += 1
        backend.requestFrequency.count(at: now)
        if backend.id != frontend.id && !backend.requestRules.isEmpty {
            guard apply(backend.requestRules, bytes) else { return }
        }
        if backend.closesClients { keepsClient = false }
        let buffer = core.takeBuffer()
        writeHead(to: buffer, headLength: headLength, backend)
        if bodyLength > 0 { buffer.append(UnsafeRawBufferPointer(rebasing: rest[..<bodyLength])) }
        bytesIn = headLength + bodyLength
        outgoing = buffer
        retriesLeft = backend.settings.retries
        assign(backend, client)
    }

    /// A TCP client was accepted.
    func beginTCP() {
        guard let client else { return }
        began = core.loop.now
        requestDone = began
        request.begin(.tunnel)
        response.begin(.tunnel)
        guard let backend = frontend.defaultBackend else {
            end(cause: "S", moment: "C")
            return
        }
        enter(backend)
        retriesLeft = backend.settings.retries
        assign(backend, client)
    }

    /// From here on the stream counts for a backend.
    private func enter(_ backend: Backend) {
        self.backend = backend
        backend.sessionGauge.rise()
        backend.traffic.sessions += 1
        backend.sessionFrequency.count(at: core.loop.now)
        backend.lastSession = core.loop.now
    }

    private func isTarget(_ text: [UInt8], _ bytes: Span<UInt8>) -> Bool {
        let target = core.requestHead.target
        guard target.count == text.count else { return false }
        for offset in 0..<text.count where bytes[target.lowerBound + offset] != text[offset] { return false }
        return true
    }

    private func chooseBackend(_ bytes: Span<UInt8>, _ client: ClientConnection) -> Backend? {
        for rule in frontend.backendRules {
            guard let condition = rule.condition else { return rule.backend }
            if condition.holds(bytes, core.requestHead, source: client.peer) { return rule.backend }
        }
        if let backend = frontend.defaultBackend { return backend }
        frontend.traffic.requestErrors += 1
        fail(status: 503, cause: "S", moment: "C")
        return nil
    }

    /// Applies rules in their order; false: one of them answered.
    private func apply(_ rules: [RequestRule], _ bytes: Span<UInt8>) -> Bool {
        guard !rules.isEmpty, let client else { return true }
        for rule in rules {
            if let condition = rule.condition,
                !condition.holds(bytes, core.requestHead, source: client.peer)
            {
                continue
            }
            switch rule.action {
            case .setHeader(let lowercasedName, let name, let value):
                let text = core.scratch
                text.clear()
                value.append(
                    to: text, bytes, core.requestHead, client: client.peer, local: localAddress)
                edits.removeAll { $0.lowercasedName == lowercasedName }
                edits.append((lowercasedName, name, Array(text.bytes)))
            case .deny(let status):
                frontend.traffic.deniedRequests += 1
                fail(status: status, cause: "P", moment: "R")
                return false
            case .answer(let answer):
                countIntercepted()
                reply(answer)
                return false
            case .redirect(let redirect):
                countIntercepted()
                let text = core.scratch
                text.clear()
                redirect.appendHead(
                    to: text, bytes, core.requestHead, client: client.peer, local: localAddress)
                reply(head: text, status: redirect.code, cause: "L", moment: "R")
                return false
            }
        }
        return true
    }

    /// Where the client came to.
    var localAddress: SocketAddress {
        guard let client else { return .unix(path: "") }
        return (try? Socket.localAddress(client.descriptor)) ?? client.listener.socket.address
    }

    private func countIntercepted() {
        frontend.traffic.intercepted += 1
        backend?.traffic.intercepted += 1
    }

    // MARK: The head for the server

    /// Writes the request's head as the server is to see it.
    private func writeHead(to buffer: ByteBuffer, headLength: Int, _ backend: Backend) {
        let closes = !backend.keepsServers || !frontend.keepsServers
        let forwarding = frontend.forwarding ?? backend.forwarding
        let mustChange = core.requestHead.section.mustBeRewritten || !clientIsVersion11 || !edits.isEmpty
        let line = core.requestHead.line
        let end = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(core.readBuffer)[..<headLength])
        if !mustChange {
            // Everything but the empty line, as one piece.
            let from = line.lowerBound
            let upTo = forwarding == nil && !closes ? headLength : headLength - 2
            buffer.append(UnsafeRawBufferPointer(rebasing: end[from..<upTo]))
            if upTo == headLength { return }
        } else {
            writeFields(to: buffer, core.requestHead.section)
        }
        if let forwarding { append(forwarding, to: buffer, core.requestHead.section) }
        if asksForUpgrade {
            if mustChange { buffer.append("connection: Upgrade\r\n") }
        } else if closes {
            buffer.append("connection: close\r\n")
        } else if !clientIsVersion11 {
            buffer.append("connection: keep-alive\r\n")
        }
        for edit in edits {
            buffer.append(edit.name)
            buffer.append(": ")
            buffer.append(edit.value)
            buffer.append("\r\n")
        }
        buffer.append("\r\n")
    }

    private func writeFields(to buffer: ByteBuffer, _ section: FieldSection) {
        let buffered = core.bytes(0..<core.readBuffer.count)
        let bytes = buffered.span
        buffer.append(bytes, core.requestHead.line)
        buffer.append("\r\n")
        var sawLength = false
        for field in section.fields {
            switch field.known {
            case .connection, .keepAlive, .proxyConnection: continue
            case .contentLength:
                if sawLength { continue }
                sawLength = true
                if section.repeatsContentLength {
                    buffer.append(contentLength: section)
                    continue
                }
            case .upgrade: if !asksForUpgrade { continue }
            case .other, .host, .transferEncoding, .expect: break
            }
            if !edits.isEmpty,
                edits.contains(where: { bytes.matches(field.name, lowercased: $0.lowercasedName) })
            {
                continue
            }
            buffer.append(bytes, Int(field.nameStart)..<Int(field.valueEnd))
            buffer.append("\r\n")
        }
    }

    private func append(_ forwarding: Forwarding, to buffer: ByteBuffer, _ section: FieldSection) {
        guard let client, case .ipv4 = client.peer.unmapped else {
            if let client, case .ipv6 = client.peer {
                appendForwarded(forwarding, client, to: buffer, section)
            }
            return
        }
        appendForwarded(forwarding, client, to: buffer, section)
    }

    private func appendForwarded(
        _ forwarding: Forwarding, _ client: ClientConnection, to buffer: ByteBuffer, _ section: FieldSection
    ) {
        if forwarding.except.contains(where: { $0.contains(client.peer) }) { return }
        if forwarding.ifNone {
            let buffered = core.bytes(0..<core.readBuffer.count)
            let bytes = buffered.span
            for field in section.fields
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
    /// An IPv4 client of an IPv6 listener as the IPv4 address that it is.
    var unmapped: SocketAddress {
        if case .ipv6(0, let low, let port, _) = self, low >> 32 == 0xFFFF {
            return .ipv4(UInt32(truncatingIfNeeded: low), port: port)
        }
        return self
    }

    /// The host without building a string for the common case.
    func appendHost(to buffer: ByteBuffer) {
        guard case .ipv4(let address, _) = self else {
            buffer.append(host)
            return
        }
        buffer.append(Int(address >> 24))
        buffer.append(".")
        buffer.append(Int(address >> 16 & 255))
        buffer.append(".")
        buffer.append(Int(address >> 8 & 255))
        buffer.append(".")
        buffer.append(Int(address & 255))
    }
}
