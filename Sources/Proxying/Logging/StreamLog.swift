// The line of a stream in HAProxy's formats: `option httplog`, `option tcplog`, and the plain one.

import ConfigLanguage
import Unix

/// Writes a stream's line.
struct StreamLog {
    let calendar: Calendar

    func append(to line: ByteBuffer, _ stream: Stream, _ client: ClientConnection) {
        let server = stream.loggedServer
        let core = stream.core
        let now = core.loop.now
        let clock = core.wallClock
        let isHTTPLine = stream.frontend.settings.logFormat == .http && stream.frontend.isHTTP
        let start = isHTTPLine ? stream.began : client.accepted
        let beganAt = WallClock(
            microseconds: clock.microseconds - (now.nanoseconds - start.nanoseconds) / 1000)
        if let template = stream.frontend.logTemplate {
            core.show(.none, UnsafeRawBufferPointer(start: nil, count: 0))
            template.append(to: line, in: Scene(core: core, client: client, stream: stream))
            return
        }
        guard stream.frontend.settings.logFormat != .none else {
            appendPlain(to: line, stream, client)
            return
        }
        appendSource(to: line, client)
        line.append(" [")
        calendar.appendAccessDate(to: line, beganAt)
        line.append("] ")
        line.append(stream.frontend.name)
        if client.tls != nil { line.append("~") }
        line.append(" ")
        line.append(stream.backend?.name ?? stream.frontend.name)
        line.append("/")
        line.append(server?.name ?? "<NOSRV>")
        line.append(" ")
        if isHTTPLine {
            appendHTTPTimes(to: line, stream, now)
        } else {
            appendTCPTimes(to: line, stream, client, now)
        }
        line.append(" ")
        if isHTTPLine {
            line.append(stream.status)
            line.append(" ")
        }
        line.append(stream.wasRefused ? 0 : stream.bytesOut)
        line.append(isHTTPLine ? " - - " : " ")
        line.append(byte: stream.cause)
        line.append(byte: stream.moment)
        if isHTTPLine {
            line.append(byte: stream.cookieFound)
            line.append(byte: stream.cookieSet)
        }
        line.append(" ")
        appendLoad(to: line, stream, server)
        guard isHTTPLine else { return }
        line.append(" \"")
        appendEscaped(to: line, stream.requestLine.bytes)
        line.append("\"")
    }

    /// `Connect from 10.0.0.1:4711 to 10.0.0.2:80 (web/HTTP)`
    private func appendPlain(to line: ByteBuffer, _ stream: Stream, _ client: ClientConnection) {
        line.append("Connect from ")
        appendSource(to: line, client)
        line.append(" to ")
        line.append(client.localAddress.description)
        line.append(" (")
        line.append(stream.frontend.name)
        line.append(stream.frontend.isHTTP ? "/HTTP)" : "/TCP)")
    }

    /// `127.0.0.1:4711 [date] web/1: Received an invalid PROXY protocol header`
    func append(to line: ByteBuffer, fault: String, of client: ClientConnection) {
        let ago = client.core.loop.now.nanoseconds - client.accepted.nanoseconds
        appendSource(to: line, client)
        line.append(" [")
        calendar.appendAccessDate(
            to: line, WallClock(microseconds: client.core.wallClock.microseconds - ago / 1000))
        line.append("] ")
        line.append(client.frontend.name)
        line.append("/")
        line.append(client.listener.label)
        line.append(": ")
        line.append(fault)
    }

    private func appendSource(to line: ByteBuffer, _ client: ClientConnection) {
        switch client.peer {
        case .ipv4(_, let port), .ipv6(_, _, let port, _):
            client.peer.appendHost(to: line)
            line.append(":")
            line.append(Int(port))
        case .unix, .abstract: line.append("unix:1")
        }
    }

    /// `TR/Tw/Tc/Tr/Ta`
    private func appendHTTPTimes(to line: ByteBuffer, _ stream: Stream, _ now: Instant) {
        appendTime(to: line, stream.began, stream.requestDone)
        appendTime(to: line, stream.requestDone, stream.assigned)
        appendTime(to: line, stream.assigned, stream.connected)
        appendTime(to: line, stream.connected, stream.responded)
        line.append(Stream.milliseconds(from: stream.began, to: now))
    }

    /// `Tw/Tc/Tt`
    private func appendTCPTimes(
        to line: ByteBuffer, _ stream: Stream, _ client: ClientConnection, _ now: Instant
    ) {
        appendTime(to: line, stream.queueBegan(client), stream.assigned)
        appendTime(to: line, stream.assigned, stream.connected)
        line.append(Stream.milliseconds(from: client.accepted, to: now))
    }

    private func appendTime(to line: ByteBuffer, _ start: Instant, _ end: Instant) {
        line.append(Stream.milliseconds(from: start, to: end))
        line.append("/")
    }

    /// `actconn/feconn/beconn/srvconn/retries srv_queue/backend_queue`
    private func appendLoad(to line: ByteBuffer, _ stream: Stream, _ server: Server?) {
        line.append(stream.core.figures.clients.current)
        line.append("/")
        line.append(stream.frontend.load.sessions.current)
        line.append("/")
        line.append(stream.backend?.load.sessions.current ?? 0)
        line.append("/")
        line.append(server?.load.sessions.current ?? 0)
        line.append("/")
        if stream.wasRedispatched { line.append("+") }
        line.append(stream.retriesDone)
        line.append(" ")
        line.append(stream.serverQueuePosition)
        line.append("/")
        line.append(stream.backendQueuePosition)
    }

    /// Control characters, quotes and what is not ASCII become `#XX`.
    private func appendEscaped(to line: ByteBuffer, _ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            if byte < 32 || byte >= 127 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "#") {
                line.appendHexadecimal(byte)
            } else {
                line.append(byte: byte)
            }
        }
    }
}
