// A file descriptor that somebody owns. Whoever holds the value closes it; ownership moves visibly.

import CLinux
import Glibc

@_exported import struct SystemPackage.Errno

/// An owned file descriptor: closed when the value goes away.
package struct Descriptor: ~Copyable {
    /// The number, for system calls made while this value is alive.
    package let raw: Int32

    /// Takes over an open descriptor; nobody else may close it.
    package init(owning raw: Int32) {
        self.raw = raw
    }

    deinit {
        close(raw)
    }

    /// Gives the number away: the caller must close it.
    package consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }

    /// A second descriptor of the same open file, close-on-exec.
    package borrowing func duplicate() throws(Errno) -> Descriptor {
        Descriptor(owning: try Errno.check(clinux_fcntl(raw, F_DUPFD_CLOEXEC, 3)))
    }
}

extension Errno {
    /// The result of a wrapper that returns `-errno` on failure.
    package static func check<Number: SignedInteger & FixedWidthInteger>(
        _ result: Number
    ) throws(Errno) -> Number {
        if result < 0 { throw Errno(rawValue: CInt(-result)) }
        return result
    }

    /// The error of the last libc call of this thread.
    package static var last: Errno { Errno(rawValue: Glibc.errno) }

    /// The process or the system has nothing left to give: the same may succeed a moment later.
    package var isExhaustion: Bool {
        self == .tooManyOpenFiles || self == .tooManyOpenFilesInSystem || self == .noMemory
            || self == .noBufferSpace || rawValue == Glibc.ETOOMANYREFS
    }
}

extension Descriptor {
    /// How many this process may have open now.
    package static var limit: Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }
}

/// Whether `raw` is closed when another program is executed.
package func setCloseOnExec(_ raw: Int32, _ closes: Bool) throws(Errno) {
    _ = try Errno.check(clinux_fcntl(raw, F_SETFD, closes ? Int(FD_CLOEXEC) : 0))
}

/// Puts a descriptor that came from elsewhere (standard input, an inherited socket) into non-blocking mode.
package func setNonBlocking(_ raw: Int32) throws(Errno) {
    let flags = try Errno.check(clinux_fcntl(raw, F_GETFL, 0))
    _ = try Errno.check(clinux_fcntl(raw, F_SETFL, Int(flags | O_NONBLOCK)))
}
