// Who gets the CPU first. A load shares its core with the worker that serves: whoever loads steps back, so that a
// request that comes meanwhile need not wait for the end of the loader's slice (several milliseconds).

import CLinux

package enum Scheduling {
    /// Nice values to step back by: enough that whoever serves goes first whenever it wakes up, and that on a
    /// core without any room a load still gets a quarter of it.
    private static let step: Int32 = 5

    /// Raises this process's nice value; programs that it executes or starts inherit that.
    ///
    /// - Returns: the nice value to `stepForward` to; nil where the way back would be forbidden (without
    ///   CAP_SYS_NICE, as in most containers): then nothing has changed.
    package static func stepBack() -> Int32? {
        let nice = clinux_nice()
        // Whoever may go below its nice value may also return to it.
        guard nice > -20, nice + step <= 19, clinux_set_nice(nice - 1) == 0 else { return nil }
        _ = clinux_set_nice(nice + step)
        return nice
    }

    /// Takes `stepBack` back.
    package static func stepForward(to nice: Int32) throws(Errno) {
        _ = try Errno.check(clinux_set_nice(nice))
    }
}
