// How many clients this process can serve: by the configuration, and by the descriptors that it may open.

import ConfigLanguage
import Glibc

enum DescriptorBudget {
    /// Descriptors for everything that is not a stream: listeners, checks, logs, pipes, admin connections.
    private static let others = 128

    /// The worker's `maxconn`. Raises the process's limit of descriptors where it may; warns where it cannot.
    static func settle(_ configuration: Configuration, report: (ReportSeverity, String) -> Void) -> Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let listeners = configuration.proxies.reduce(0) {
            $0 + $1.binds.reduce(0) { $0 + $1.endpoints.count }
        }
        let reserved = others + listeners
        guard let wanted = configuration.global.maxconn else {
            let usable = Int(clamping: limit.rlim_cur) - reserved
            return min(max(100, usable / 2), 1 << 20)
        }
        let needed = rlim_t(wanted * 2 + reserved)
        if limit.rlim_cur < needed {
            var raised = rlimit(rlim_cur: needed, rlim_max: max(limit.rlim_max, needed))
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) != 0 {
                raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised)
                report(
                    .warning,
                    "maxconn \(wanted) needs \(needed) descriptors, but only \(limit.rlim_max) are allowed: "
                        + "expect fewer connections (raise ulimit-n)")
            }
        }
        return wanted
    }
}
