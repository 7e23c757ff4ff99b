// Private keys and ticket keys are in a worker's memory: no image of it may be left anywhere.

import Glibc

enum Secrets {
    /// From now on this process leaves no core. One byte rather than none: that forbids piping it to a handler as well.
    static func keepOutOfCores() {
        var limit = rlimit(rlim_cur: 1, rlim_max: 1)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    }
}
