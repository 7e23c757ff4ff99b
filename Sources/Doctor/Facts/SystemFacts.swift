// Everything that the rules look at, collected once. What could not be seen is unknown, with the reason.

import ConfigLanguage
import ReloadModel
import Unix

/// One running proxy with its surroundings at one moment.
package struct SystemFacts: Sendable {
    /// Microseconds since 1970 UTC.
    package var now: Int64
    package var program: ProxyIdentity.Program
    package var version: Known<String>
    package var master: Int32
    /// The words of the master's command line.
    package var arguments: [String]
    /// The name that peers sections know this host by: of `-L`, else the host's.
    package var localPeer: String
    /// The configuration that the serving worker was loaded from; where that cannot be told, the one on disk.
    package var inForce: Known<ConfigurationOutline>
    /// Why `inForce` is only what is on disk; nil where it is what runs.
    package var inForceIsGuessed: Unknown?
    /// The configuration that the next reload would load.
    package var onDisk: Known<ConfigurationOutline>
    /// The files that differ from what runs; empty when none does.
    package var changedFiles: Known<[String]>
    package var test: Known<ConfigurationTest>
    /// The systemd unit that the master runs in; nil: in none.
    package var unit: Known<ServiceUnit?>
    /// As in a snapshot.
    package var workers: [WorkerSample]
    /// Load attempts that are known to have begun in the last hour.
    package var reloadsInLastHour: Int
    package var sessions: Known<[SessionFact]>
    /// Everybody's listening TCP sockets in the proxy's network namespace.
    package var listeners: Known<[ListenerFact]>
    /// The admin sockets of the configuration and the master's own, as they lie in the file system.
    package var adminSockets: [AdminSocketFact]
    package var limits: Known<[LimitFact]>
    /// What the serving worker has for TLS, beside the files that it is from.
    package var tls: Known<TLSFacts>
    package var past = AuditedPast()
    /// Entries of the serving worker's stick tables, by name.
    package var tableEntries: Known<[String: Int]> = .unknown(Unknown("not asked"))
    /// Load attempts and restarts that are known, oldest first.
    package var reloads: [ReloadRecord] = []
    /// Seconds since the master's process started.
    package var masterUptime: Double = 0
    /// How often it is reloaded; nil: not lately.
    package var reloadRate: ReloadRate?
    /// Why nothing was read that could tell of a master before this one; nil: something was.
    package var lacksPast: Unknown?

    package init(
        now: Int64, program: ProxyIdentity.Program, version: Known<String>, master: Int32,
        arguments: [String], localPeer: String, inForce: Known<ConfigurationOutline>,
        inForceIsGuessed: Unknown?,
        onDisk: Known<ConfigurationOutline>, changedFiles: Known<[String]>, test: Known<ConfigurationTest>,
        unit: Known<ServiceUnit?>, workers: [WorkerSample], reloadsInLastHour: Int,
        sessions: Known<[SessionFact]>, listeners: Known<[ListenerFact]>, adminSockets: [AdminSocketFact],
        limits: Known<[LimitFact]>, tls: Known<TLSFacts>
    ) {
        self.now = now
        self.program = program
        self.version = version
        self.master = master
        self.arguments = arguments
        self.localPeer = localPeer
        self.inForce = inForce
        self.inForceIsGuessed = inForceIsGuessed
        self.onDisk = onDisk
        self.changedFiles = changedFiles
        self.test = test
        self.unit = unit
        self.workers = workers
        self.reloadsInLastHour = reloadsInLastHour
        self.sessions = sessions
        self.listeners = listeners
        self.adminSockets = adminSockets
        self.limits = limits
        self.tls = tls
    }

    /// Workers that serve no new clients, oldest first.
    var oldWorkers: [WorkerSample] {
        workers.filter { $0.state != .serving && $0.state != .starting }.sorted { $0.uptime > $1.uptime }
    }

    /// Major and minor of the version, `(2, 6)`; nil for mwproxy and where it is not known.
    var release: (major: Int, minor: Int)? {
        guard program == .haproxy, let version = version.value else { return nil }
        let parts = version.split { $0 == "." || $0 == "-" }.prefix(2).compactMap { Int($0) }
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }

    /// Where lines for the configuration go: its first file.
    var configurationPlace: String {
        for configuration in [onDisk, inForce] {
            if let file = configuration.value?.sections.first?.head.file { return file }
        }
        return "the configuration"
    }
}

/// One client's session.
package struct SessionFact: Equatable, Sendable {
    package var worker: Int32
    package var frontend: String
    /// Seconds since it began.
    package var age: Int

    package init(worker: Int32, frontend: String, age: Int) {
        self.worker = worker
        self.frontend = frontend
        self.age = age
    }
}

/// One listening socket.
package struct ListenerFact: Equatable, Sendable {
    package var address: SocketAddress
    /// At an IPv6 address for all, it leaves those of IPv4 to others.
    package var isIPv6Only: Bool
    /// It is the master's or one of its workers'.
    package var isOurs: Bool
    /// Who has it: `nginx (pid 812)`; nil where that could not be seen.
    package var owner: String?

    package init(address: SocketAddress, isIPv6Only: Bool = false, isOurs: Bool, owner: String? = nil) {
        self.address = address
        self.isIPv6Only = isIPv6Only
        self.isOurs = isOurs
        self.owner = owner
    }
}

/// An admin socket in the file system.
package struct AdminSocketFact: Equatable, Sendable {
    package var path: String
    /// Every user may connect: by its own mode and by those of its folders.
    package var isOpenToAll: Bool

    package init(path: String, isOpenToAll: Bool) {
        self.path = path
        self.isOpenToAll = isOpenToAll
    }
}

/// Descriptors of one worker.
package struct LimitFact: Equatable, Sendable {
    package var worker: Int32
    /// The soft limit of open files.
    package var allowed: Int
    package var used: Int
    /// What the worker computed to need at its maxconn (`Maxsock`); nil where it does not tell.
    package var needed: Int?

    package init(worker: Int32, allowed: Int, used: Int, needed: Int?) {
        self.worker = worker
        self.allowed = allowed
        self.used = used
        self.needed = needed
    }
}

/// What the proxy's own `-c` says of the files on disk.
package struct ConfigurationTest: Equatable, Sendable {
    /// The command, as a person would type it.
    package var command: String
    package var exitCode: Int32
    /// Its output.
    package var lines: [String]

    package init(command: String, exitCode: Int32, lines: [String]) {
        self.command = command
        self.exitCode = exitCode
        self.lines = lines
    }
}
