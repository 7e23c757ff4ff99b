// The values of `show info`: what this worker knows in HAProxy 2.6's fields. What a build without peers,
// compression or caches can never have is 0 as in a HAProxy that does not use it.

import Glibc
import Proxying
import RuntimeAPI
import Unix

final class InfoFigures {
    private let core: ProxyCore
    private let identity: WorkerIdentity
    private let adminServer: SessionsOfServer
    private let nodeName: String
    private let descriptorLimit: Int
    /// Processor time and moment of the last look, for `Idle_pct`.
    private var busyBefore: (cpu: Int64, at: Instant)
    private var idlePercent = 100

    init(core: ProxyCore, identity: WorkerIdentity, adminServer: SessionsOfServer) {
        self.core = core
        self.identity = identity
        self.adminServer = adminServer
        nodeName = core.configuration.global.node ?? Self.hostName()
        descriptorLimit = Self.descriptorLimit()
        busyBefore = (Self.processorTime(), core.startTime)
    }

    /// All fields at this moment. `decimals`: spans and moments with fractions (`float`).
    func values(decimals: Bool) -> InfoReply {
        var info = InfoReply()
        let now = core.loop.now
        let uptime = max(0, (now - core.startTime).nanoseconds)
        let global = core.configuration.global
        let counters = core.counters
        info["Name"] = .text(identity.name)
        info["Version"] = .text(identity.version)
        info["Release_date"] = .text(identity.releaseDate)
        info["Nbthread"] = 1
        info["Nbproc"] = 1
        info["Process_num"] = .integer(identity.processNumber)
        info["Pid"] = .integer(Int(getpid()))
        info["Uptime"] = .text(InfoReply.uptime(ofSeconds: Int(uptime / 1_000_000_000)))
        info["Uptime_sec"] =
            decimals ? .number(Double(uptime / 1000) / 1e6) : .integer(Int(uptime / 1_000_000_000))
        let (held, used) = ProcessControl.heap
        for name in ["Memmax_MB", "PoolFailed"] { info[name] = 0 }
        info["PoolAlloc_MB"] = .integer(held >> 20)
        info["PoolUsed_MB"] = .integer(used >> 20)
        info["Ulimit-n"] = .integer(descriptorLimit)
        info["Maxsock"] = .integer(descriptorLimit)
        info["Maxconn"] = .integer(core.maxconn)
        info["Hard_maxconn"] = .integer(core.maxconn)
        info["CurrConns"] = .integer(counters.clients.current)
        info["CumConns"] = .integer(counters.connections + adminServer.total)
        info["CumReq"] = .integer(counters.requests)
        info["ConnRate"] = .integer(counters.connectionRate.perSecond(at: now))
        info["MaxConnRate"] = .integer(counters.connectionRate.max)
        info["SessRate"] = .integer(counters.sessionRate.perSecond(at: now))
        info["MaxSessRate"] = .integer(counters.sessionRate.max)
        let tls = counters.tls
        info["MaxSslConns"] = .integer(global.maxTLSConnections ?? 0)
        info["CurrSslConns"] = .integer(tls.clients + tls.servers)
        info["CumSslConns"] = .integer(tls.connections)
        info["SslRate"] = .integer(tls.rate.perSecond(at: now))
        info["MaxSslRate"] = .integer(tls.rate.max)
        info["SslFrontendKeyRate"] = .integer(tls.clientKeys.perSecond(at: now))
        info["SslFrontendMaxKeyRate"] = .integer(tls.clientKeys.max)
        info["SslFrontendSessionReuse_pct"] = .integer(tls.reusePercent(at: now))
        info["SslBackendKeyRate"] = .integer(tls.serverKeys.perSecond(at: now))
        info["SslBackendMaxKeyRate"] = .integer(tls.serverKeys.max)
        info["Tasks"] = .integer(counters.clients.current + adminServer.count + listenerCount)
        info["Idle_pct"] = .integer(idle(at: now))
        info["node"] = .text(nodeName)
        if let description = global.nodeDescription { info["description"] = .text(description) }
        info["Stopping"] = core.isStopping ? 1 : 0
        // The socket to the master listens as well.
        let master = identity.hasMaster ? 1 : 0
        info["Jobs"] = .integer(counters.clients.current + adminServer.count + listenerCount + master)
        info["Unstoppable Jobs"] = .integer(master)
        info["Listeners"] = .integer(listenerCount + master)
        info["DroppedLogs"] = .integer(counters.droppedLogs)
        info["TotalBytesOut"] = .integer(counters.bytesOut)
        info["TotalSplicdedBytesOut"] = .integer(counters.splicedBytes)
        info["BytesOutRate"] = .integer(
            counters.bytesOutRate.perSecond(second: now.nanoseconds / 1_000_000_000))
        info["Build info"] = .text(identity.version)
        info["PoolAlloc_bytes"] = .integer(held)
        info["PoolUsed_bytes"] = .integer(used)
        let started = core.startedAt.microseconds
        info["Start_time_sec"] =
            decimals ? .number(Double(started) / 1e6) : .integer(Int(started / 1_000_000))
        info["Tainted"] = "0"
        for field in InfoField.all where info[field.name] == nil && field.name != "description" {
            info[field.name] = 0
        }
        return info
    }

    private var listenerCount: Int { core.sockets.count { $0.descriptor >= 0 } }

    /// Percent of the time since the last look that was not spent on the processor; a look within a second of
    /// the last one tells the same as that.
    private func idle(at now: Instant) -> Int {
        let span = (now - busyBefore.at).nanoseconds
        guard span >= 1_000_000_000 else { return idlePercent }
        let cpu = Self.processorTime()
        idlePercent = max(0, min(100, 100 - Int((cpu - busyBefore.cpu) * 100 / span)))
        busyBefore = (cpu, now)
        return idlePercent
    }

    /// Nanoseconds that this process has been on a processor.
    private static func processorTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return time.nanoseconds
    }

    private static func descriptorLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return Int(clamping: limit.rlim_cur)
    }

    private static func hostName() -> String {
        var name = [UInt8](repeating: 0, count: 256)
        let found = name.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                characters.baseAddress.map { gethostname($0, characters.count - 1) == 0 } ?? false
            }
        }
        return found ? String(decoding: name.prefix { $0 != 0 }, as: UTF8.self) : "localhost"
    }
}
