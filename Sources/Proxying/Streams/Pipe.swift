// Pipes for splice, used again by stream after stream.

import CLinux
import Glibc
import Unix

/// The two ends of a pipe.
final class Pipe {
    let readEnd: Int32
    let writeEnd: Int32

    /// Asked for; the kernel may give less to an ordinary user.
    static let capacity = 1 << 20

    init?() {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends, O_NONBLOCK) == 0 else { return nil }
        readEnd = ends[0]
        writeEnd = ends[1]
        // F_SETPIPE_SZ
        _ = clinux_fcntl(writeEnd, 1031, Self.capacity)
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }
}

/// Empty pipes that wait for their next stream.
struct PipeStock {
    /// Pipes at a time, each with up to `Pipe.capacity` bytes of kernel memory and two descriptors.
    let most: Int
    private var idle: [Pipe] = []
    private(set) var inUse = 0

    /// `PipesFree`.
    var free: Int { idle.count }

    init(most: Int) {
        self.most = most
    }

    /// Nil where all are in use or the process has no descriptors left: the stream copies then.
    mutating func take() -> Pipe? {
        guard inUse < most, let pipe = idle.popLast() ?? Pipe() else { return nil }
        inUse += 1
        return pipe
    }

    /// `isEmpty` false: bytes of a dead stream are in it, so it cannot be used again.
    mutating func putBack(_ pipe: Pipe, isEmpty: Bool) {
        inUse -= 1
        if isEmpty { idle.append(pipe) }
    }
}
