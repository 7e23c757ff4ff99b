// How many clients this process can serve: by the configuration, and by the descriptors that it may open.

import ConfigLanguage
import Glibc

enum DescriptorBudget {
    /// Descriptors for what is neither stream, listener nor pipe: checks, logs, admin connections, the loop.
    private static let others = 64
    private static let mostPipes = 128

    /// Pipes for splice: as HAProxy's `maxpipes` a quarter of the connections, and at most 128 MiB in the kernel.
    static func pipes(maxconn: Int) -> Int { min(max(1, maxconn / 4), mostPipes) }

    /// The worker's `maxconn`, and how many clients the descriptors allow of it. Raises the process's limit of
    /// descriptors where it may; warns where it cannot.
    static func settle(
        _ configuration: Configuration, report: (ReportSeverity, String) -> Void
    ) -> (maxconn: Int, clients: Int) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let listeners = configuration.proxies.reduce(0) {
            $0 + $1.binds.reduce(0) { $0 + $1.endpoints.count }
        }
        let reserved = others + listeners
        guard let wanted = configuration.global.maxconn else {
            let usable = Int(clamping: limit.rlim_cur) - reserved - 2 * mostPipes
            let maxconn = min(max(100, usable / 2), 1 << 20)
            return (maxconn, maxconn)
        }
        let needed = rlim_t(wanted * 2 + reserved + 2 * pipes(maxconn: wanted))
        if limit.rlim_cur < needed {
            var raised = rlimit(rlim_cur: needed, rlim_max: max(limit.rlim_max, needed))
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) != 0 {
                raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised)
                report(
                    .warning,
                    "maxconn \(wanted) needs \(needed) descriptors, but only \(limit.rlim_max) are allowed: "
                        + "expect fewer connections (raise ulimit-n)")
                // What is not for clients takes at most half of what little there is.
                let allowed = Int(clamping: limit.rlim_max)
                let rest = allowed - min(Int(needed) - 2 * wanted, allowed / 2)
                return (wanted, max(1, min(wanted, rest / 2)))
            }
        }
        return (wanted, wanted)
    }
}
