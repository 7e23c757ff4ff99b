// What streams and servers ask of their core besides connections: places at servers, log lines, counters.

import Polling
import ProxyProtocol
import Unix

extension ProxyCore {
    // MARK: Servers

    /// A place at a server is free: those who wait get it at the end of this round.
    @inline(__always)
    func serverHasRoom(_ server: Server) {
        if server.backend.waiting.isEmpty { return }
        serveQueue(of: server.backend)
    }

    func serveQueue(of backend: Backend) {
        backendsWithRoom.append(backend)
        guard backendsWithRoom.count == 1 else { return }
        loop.atEndOfRound { [self] in
            recycleStreams()
            let backends = backendsWithRoom
            backendsWithRoom.removeAll(keepingCapacity: true)
            for backend in backends { backend.serveWaiting() }
        }
    }

    var wallClock: WallClock { WallClock.now() }

    // MARK: Logs

    func log(_ stream: Stream) {
        guard let client = stream.client else { return }
        logLine.clear()
        StreamLog(calendar: calendar).append(to: logLine, stream, client)
        let time = wallClock
        for output in stream.frontend.logs { output.send(level: 6, at: time, logLine.bytes) }
    }

    /// A client whose PROXY protocol header was none, or did not come.
    func log(_ fault: ProxyHeaderFault, of client: ClientConnection) {
        logFault(fault.rawValue, isSilence: fault.isSilence, of: client)
    }

    /// A client that speaks no TLS that is understood, or none at all.
    func log(_ fault: ClientConnection.HandshakeFault, of client: ClientConnection) {
        logFault(fault.rawValue, isSilence: fault.isSilence, of: client)
    }

    private func logFault(_ words: String, isSilence: Bool, of client: ClientConnection) {
        let frontend = client.frontend
        if isSilence && frontend.settings.dontLogNull { return }
        logLine.clear()
        let time = wallClock
        StreamLog(calendar: calendar).append(to: logLine, fault: words, of: client)
        for output in frontend.logs { output.send(level: 6, at: time, logLine.bytes) }
    }

    func send(_ text: String, level: Int, to outputs: [LogOutput]) {
        let time = wallClock
        var text = text
        text.withUTF8 { bytes in
            for output in outputs { output.send(level: level, at: time, UnsafeRawBufferPointer(bytes)) }
        }
    }

    /// In the log of a `peers` section.
    package func logOfPeers(_ section: String, _ text: String) {
        send(text, level: 4, to: peerLogs[section] ?? [])
    }

    /// On standard error and in the proxy's log.
    func announce(_ proxy: RunningProxy, _ severity: ReportSeverity, level: Int, _ text: String) {
        report(severity, text)
        send(text, level: level, to: proxy.frontend?.logs ?? proxy.backend?.logs ?? [])
    }

    // MARK: What an admin can change

    package func backend(_ name: String) -> Backend? { backends.first { $0.name == name } }

    /// `clear counters`: the maxima; `all`: everything.
    package func clearCounters(all: Bool) {
        for frontend in frontends { frontend.clearCounters(all: all) }
        for backend in backends { backend.clearCounters(all: all) }
        figures.connectionRate.max = 0
        figures.sessionRate.max = 0
    }
}

extension [LogOutput] {
    /// Each output once.
    var uniqued: [LogOutput] {
        var seen: Set<ObjectIdentifier> = []
        return filter { seen.insert(ObjectIdentifier($0)).inserted }
    }
}
