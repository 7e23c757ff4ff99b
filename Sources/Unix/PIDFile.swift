// The file that tells others the number of a process: with all of it, or not there.

import Glibc

package enum PIDFile {
    /// Puts a new file in the place of what stands at `path`; what cannot be written whole is taken away again.
    package static func write(_ pid: pid_t, to path: String) throws(Errno) {
        unlink(path)
        do throws(Errno) {
            try File.write(path, "\(pid)\n")
        } catch {
            unlink(path)
            throw error
        }
    }
}

extension Errno {
    /// The disk has no room: nothing is wrong with what was asked for.
    package var isFullDisk: Bool {
        self == .noSpace || rawValue == Glibc.EDQUOT
    }
}
