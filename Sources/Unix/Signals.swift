// Signals arrive through a descriptor: blocked here, read by the loop.

import CLinux
import Glibc

/// A signal that was sent to this process, and by whom.
package struct ReceivedSignal: Equatable, Sendable {
    package let number: Int32
    /// 0 when the kernel sent it.
    package let senderPID: pid_t
    package let senderUID: uid_t
}

package enum Signals {
    /// Blocks `numbers` for this process. They stay blocked, and pending, over an exec.
    package static func block(_ numbers: [Int32]) {
        var set = signalSet(numbers)
        sigprocmask(SIG_BLOCK, &set, nil)
    }

    /// Lets `numbers` act again; one that waits acts at once.
    package static func unblock(_ numbers: [Int32]) {
        var set = signalSet(numbers)
        sigprocmask(SIG_UNBLOCK, &set, nil)
    }

    /// A write to a closed pipe or socket then fails with EPIPE instead of ending the process.
    package static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// A descriptor from which `next` reads the blocked signals.
    package static func descriptor(_ numbers: [Int32]) throws(Errno) -> Descriptor {
        var set = signalSet(numbers)
        return Descriptor(owning: try Errno.check(clinux_signalfd(&set)))
    }

    /// The next signal that waits in a descriptor of `descriptor(_:)`.
    package static func next(from raw: Int32) -> ReceivedSignal? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard read(raw, &info, size) == size else { return nil }
        return ReceivedSignal(
            number: Int32(info.ssi_signo), senderPID: pid_t(info.ssi_pid), senderUID: uid_t(info.ssi_uid))
    }

    private static func signalSet(_ numbers: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }
}
