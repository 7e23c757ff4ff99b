// Waiting for a child with a deadline, on its pidfd.

import Glibc
import Unix

package enum ChildProcess {
    /// Waits until `pid`, a child of this process, has ended, and reaps it; false when it still runs after `span`.
    /// A pid that is no child (any more) counts as ended.
    package static func waitForEnd(of pid: pid_t, atMost span: Duration) -> Bool {
        if let descriptor = try? ProcessControl.open(pid: pid) {
            let deadline = Instant.now() + span
            var request = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
            var ready: Int32
            repeat {
                let left = max(0, (deadline - Instant.now()).milliseconds)
                ready = poll(&request, 1, Int32(clamping: left))
            } while ready < 0 && errno == EINTR
            if ready == 0 { return false }
        }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return true
    }
}
