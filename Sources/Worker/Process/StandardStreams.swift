// A daemon has no terminal: its standard streams lead nowhere once it serves.

import Glibc

package enum StandardStreams {
    /// Lets descriptors 0, 1 and 2 refer to /dev/null. Where that cannot be opened they stay as they are.
    package static func detach() {
        let number = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard number >= 0 else { return }
        for stream in Int32(0)...2 { dup2(number, stream) }
        if number > 2 { close(number) }
    }
}
