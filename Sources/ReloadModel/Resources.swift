// What runs out when old workers stack: memory, descriptors and processes, each against the limit that comes first.

/// How much of something limited is used.
package struct ResourceUse: Equatable, Sendable {
    package var used: Int
    package var limit: Int
    /// Whose limit: `cgroup /system.slice/haproxy.service`, `the host`, `the process`.
    package var scope: String

    package init(used: Int, limit: Int, scope: String) {
        self.used = used
        self.limit = limit
        self.scope = scope
    }

    /// 0 to 1, more where the limit is exceeded.
    package var fraction: Double { limit > 0 ? Double(used) / Double(limit) : 0 }
    /// What is left; 0 where nothing is.
    package var free: Int { max(0, limit - used) }
}

/// The limits around all workers of one master.
package struct Resources: Equatable, Sendable {
    /// Bytes, without the page cache that the kernel can drop.
    package var memory: Known<ResourceUse>
    /// Open files of the whole host.
    package var descriptors: Known<ResourceUse>
    /// Processes and threads.
    package var processes: Known<ResourceUse>

    package init(memory: Known<ResourceUse>, descriptors: Known<ResourceUse>, processes: Known<ResourceUse>) {
        self.memory = memory
        self.descriptors = descriptors
        self.processes = processes
    }

    package static let notLookedAt: Resources = {
        let why = Unknown("not looked at")
        return Resources(memory: .unknown(why), descriptors: .unknown(why), processes: .unknown(why))
    }()
}

/// What a worker has moved since it started, by its own counters.
package struct WorkerTraffic: Equatable, Sendable {
    package var connections: Int
    package var requests: Int
    package var bytesOut: Int

    package init(connections: Int, requests: Int, bytesOut: Int) {
        self.connections = connections
        self.requests = requests
        self.bytesOut = bytesOut
    }

    /// Whether nothing but questions like our own has moved since `before`: they count as requests as well.
    package func isStill(since before: WorkerTraffic) -> Bool {
        requests - before.requests <= 5 && connections - before.connections <= 5
            && bytesOut - before.bytesOut <= 64 << 10
    }
}
