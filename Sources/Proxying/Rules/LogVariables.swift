// What `%ci` and its kin say, for a stream that lives or one that has ended.

import ConfigLanguage
import Glibc
import Unix

struct LogVariables {
    let scene: Scene
    let wantsHexadecimal: Bool

    private var stream: Stream? { scene.stream }
    private var core: ProxyCore { scene.core }

    /// False: it has no value here.
    func append(_ variable: LogVariable, to buffer: ByteBuffer) -> Bool {
        switch variable {
        case .clientAddress: scene.client.peer.unmapped.appendHost(to: buffer)
        case .clientPort: put(Int(scene.client.peer.port ?? 0), buffer)
        case .frontendAddress: scene.client.localAddress.unmapped.appendHost(to: buffer)
        case .frontendPort: put(Int(scene.client.localAddress.port ?? 0), buffer)
        case .serverAddress:
            guard let address = server?.address else { return false }
            address.appendHost(to: buffer)
        case .serverPort:
            guard let address = server?.address else { return false }
            put(Int(address.port ?? 0), buffer)
        case .frontend: buffer.append(scene.client.frontend.name)
        case .frontendTransport:
            buffer.append(scene.client.frontend.name)
            if scene.client.tls != nil { buffer.append("~") }
        case .backend: buffer.append(stream?.backend?.name ?? scene.client.frontend.name)
        case .server: buffer.append(server?.name ?? "<NOSRV>")
        case .host: buffer.append(core.hostName)
        case .processID: put(Int(getpid()), buffer)
        case .counter: put(Int(stream?.id ?? 0), buffer)
        case .logCounter: put(core.figures.requests, buffer)
        case .status: put(stream?.status ?? -1, buffer)
        case .bytesRead: put((stream?.wasRefused ?? true) ? 0 : stream?.bytesOut ?? 0, buffer)
        case .bytesUploaded: put(stream?.bytesIn ?? 0, buffer)
        case .acceptDate, .requestDate, .acceptDateUTC, .acceptDateLocal, .requestDateUTC, .requestDateLocal,
            .acceptSeconds, .milliseconds:
            appendDate(variable, to: buffer)
        case .requestTime, .queueTime, .connectTime, .responseTime, .activeTime, .totalTime, .handshakeTime,
            .idleTime,
            .dataTime, .queryTime, .userTime:
            put(milliseconds(variable), buffer)
        case .activeConnections: put(core.figures.clients.current, buffer)
        case .frontendConnections: put(scene.client.frontend.load.sessions.current, buffer)
        case .backendConnections: put(stream?.backend?.load.sessions.current ?? 0, buffer)
        case .serverConnections: put(server?.load.sessions.current ?? 0, buffer)
        case .retries:
            if stream?.wasRedispatched == true { buffer.append("+") }
            put(stream?.retriesDone ?? 0, buffer)
        case .serverQueue: put(stream?.serverQueuePosition ?? 0, buffer)
        case .backendQueue: put(stream?.backendQueuePosition ?? 0, buffer)
        case .termination, .terminationShort:
            buffer.append(byte: stream?.cause ?? UInt8(ascii: "-"))
            buffer.append(byte: stream?.moment ?? UInt8(ascii: "-"))
            if variable == .termination {
                buffer.append(byte: stream?.cookieFound ?? UInt8(ascii: "-"))
                buffer.append(byte: stream?.cookieSet ?? UInt8(ascii: "-"))
            }
        case .requestLine, .method, .path, .pathOnly, .version, .target, .query:
            return appendLine(variable, to: buffer)
        case .tlsVersion, .tlsCipher:
            guard let tls = scene.client.tls else { return false }
            buffer.append(variable == .tlsVersion ? tls.version : tls.cipher)
        case .capturedRequest, .capturedResponse: break
        case .backendAddress, .backendPort, .requestCookie, .responseCookie, .uniqueID:
            return false
        }
        return true
    }

    private var server: Server? { stream?.loggedServer }

    private func put(_ number: Int, _ buffer: ByteBuffer) {
        guard wantsHexadecimal, number >= 0 else { return buffer.append(number) }
        buffer.append(String(number, radix: 16, uppercase: true))
    }

    private func appendDate(_ variable: LogVariable, to buffer: ByteBuffer) {
        let isRequest = [.requestDate, .requestDateUTC, .requestDateLocal].contains(variable)
        let start = isRequest ? stream?.began ?? scene.client.accepted : scene.client.accepted
        let ago = core.loop.now.nanoseconds - start.nanoseconds
        let time = WallClock(microseconds: core.wallClock.microseconds - ago / 1000)
        switch variable {
        case .acceptSeconds: put(Int(time.microseconds / 1_000_000), buffer)
        case .milliseconds: buffer.append(Int(time.microseconds / 1000 % 1000), width: 3)
        case .acceptDate, .requestDate: core.calendar.appendAccessDate(to: buffer, time)
        default:
            core.calendar.appendZonedDate(
                to: buffer, time, isUTC: variable != .acceptDateLocal && variable != .requestDateLocal)
        }
    }

    private func milliseconds(_ variable: LogVariable) -> Int {
        guard let stream else { return -1 }
        let client = scene.client
        switch variable {
        case .handshakeTime: return Stream.milliseconds(from: client.accepted, to: client.handshakeEnd)
        case .idleTime: return Stream.milliseconds(from: client.handshakeEnd, to: stream.began)
        case .requestTime: return Stream.milliseconds(from: stream.began, to: stream.requestDone)
        case .queryTime: return Stream.milliseconds(from: client.accepted, to: stream.requestDone)
        case .queueTime: return Stream.milliseconds(from: stream.queueBegan(client), to: stream.assigned)
        case .connectTime: return Stream.milliseconds(from: stream.assigned, to: stream.connected)
        case .responseTime: return Stream.milliseconds(from: stream.connected, to: stream.responded)
        case .dataTime:
            let start = stream.frontend.isHTTP ? stream.responded : stream.connected
            return Stream.milliseconds(from: start, to: core.loop.now)
        case .activeTime: return Stream.milliseconds(from: stream.began, to: core.loop.now)
        case .totalTime: return Stream.milliseconds(from: client.accepted, to: core.loop.now)
        // All but the time in which nothing was asked.
        case .userTime: return milliseconds(.totalTime) - milliseconds(.idleTime)
        default: return 0
        }
    }

    /// The request line or a part of it: as it is now, or as it came.
    private func appendLine(_ variable: LogVariable, to buffer: ByteBuffer) -> Bool {
        let line =
            scene.hasRequest ? scene.part(core.requestHead.line) : stream?.requestLine.bytes ?? scene.head
        guard !line.isEmpty else { return false }
        if variable == .requestLine {
            buffer.append(line)
            return true
        }
        let space = UInt8(ascii: " ")
        guard let first = line.firstIndex(of: space), let last = line.lastIndex(of: space), first < last
        else {
            buffer.append(line)
            return true
        }
        let target = UnsafeRawBufferPointer(rebasing: line[first + 1..<last])
        let question = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
        switch variable {
        case .method: buffer.append(UnsafeRawBufferPointer(rebasing: line[..<first]))
        case .version: buffer.append(UnsafeRawBufferPointer(rebasing: line[(last + 1)...]))
        case .query: buffer.append(UnsafeRawBufferPointer(rebasing: target[question...]))
        case .path: buffer.append(UnsafeRawBufferPointer(rebasing: target[..<question]))
        case .pathOnly:
            if let start = Self.pathStart(target[..<question]) {
                buffer.append(UnsafeRawBufferPointer(rebasing: target[start..<question]))
            }
        default: buffer.append(target)
        }
        return true
    }

    /// Behind scheme and authority; nil: there is no path.
    private static func pathStart(_ target: Slice<UnsafeRawBufferPointer>) -> Int? {
        let slash = UInt8(ascii: "/")
        guard let first = target.firstIndex(of: slash), first > target.startIndex else {
            return target.first == slash ? target.startIndex : nil
        }
        return target.dropFirst(first + 2 - target.startIndex).firstIndex(of: slash)
    }
}
