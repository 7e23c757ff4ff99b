// Lines for a descriptor whose reader may have stopped: standard error in a full pipe must stall neither the proxy nor
// the master. What is not taken in time is dropped, counted, and told when there is room again.

import CLinux
import Glibc

/// Writes to one descriptor of this process without waiting longer than it is told.
package final class PatientWriter {
    /// What one write may carry so that a pipe takes it whole or not at all (PIPE_BUF).
    private static let atomicWrite = 4096

    private let raw: Int32
    /// The same pipe, opened once more: non-blocking for this process only. Without it (no pipe, or not ours to
    /// open) the descriptor is asked for room before each write.
    private var pipe: Descriptor?
    private var kind: mode_t = 0
    private var device: dev_t = 0
    private var node: ino_t = 0
    private var lost = 0

    /// `raw` stays its owner's, and may come to refer to something else.
    package init(_ raw: Int32) {
        self.raw = raw
    }

    /// Writes whole lines. `patience`: how long the reader may take for all of them; nil: as long as it likes.
    package func write(_ text: String, patience: Duration? = .zero) {
        look()
        let limit = patience.map { Instant.now() + $0 }
        if lost > 0, put("(\(lost) lines were lost here: they were not taken)\n".utf8[...], until: limit) {
            lost = 0
        }
        var rest = text.utf8[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 10).map { rest.index(after: $0) } ?? rest.endIndex
            if lost > 0 || !put(rest[..<end], until: limit) { lost += 1 }
            rest = rest[end...]
        }
    }

    /// Sees what the descriptor refers to now.
    private func look() {
        var status = stat()
        guard fstat(raw, &status) == 0 else { return }
        if kind != 0, status.st_dev == device, status.st_ino == node { return }
        (kind, device, node) = (status.st_mode & S_IFMT, status.st_dev, status.st_ino)
        pipe = nil
        if kind == S_IFIFO {
            let again = open("/proc/self/fd/\(raw)", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            if again >= 0 { pipe = Descriptor(owning: again) }
        }
    }

    /// False where the line was not taken, or could not be.
    private func put(_ line: Substring.UTF8View, until limit: Instant?) -> Bool {
        let bytes = Array(line)
        var done = 0
        while done < bytes.count {
            let end = min(bytes.count, done + Self.atomicWrite)
            let count = bytes[done..<end].withUnsafeBytes { attempt($0) }
            if count >= 0 {
                done += count
            } else if errno == EAGAIN {
                if !waitForRoom(until: limit) { return false }
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// One write that does not block, or EAGAIN.
    private func attempt(_ bytes: UnsafeRawBufferPointer) -> Int {
        if let pipe = pipe?.raw { return Glibc.write(pipe, bytes.baseAddress, bytes.count) }
        if kind == S_IFSOCK {
            return send(raw, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        }
        var room = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
        guard poll(&room, 1, 0) > 0 else {
            errno = EAGAIN
            return -1
        }
        return Glibc.write(raw, bytes.baseAddress, bytes.count)
    }

    private func waitForRoom(until limit: Instant?) -> Bool {
        var milliseconds: Int32 = -1
        if let limit {
            milliseconds = Int32(clamping: (limit - .now()).milliseconds)
            if milliseconds <= 0 { return false }
        }
        var room = pollfd(fd: pipe?.raw ?? raw, events: Int16(POLLOUT), revents: 0)
        // Interrupted: the next try tells.
        return poll(&room, 1, milliseconds) != 0
    }
}
