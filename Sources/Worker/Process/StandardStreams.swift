// A daemon has no terminal: its standard streams lead nowhere once it serves. Whoever started it may wait for their
// end, so none may stay behind.

import Glibc
import Unix

/// The way out of the terminal, opened while /dev/null can be seen: a `chroot` may hide it.
package final class StandardStreams {
    private var null: Descriptor?

    package init() {
        let number = open("/dev/null", O_RDWR | O_CLOEXEC)
        null = number >= 0 ? Descriptor(owning: number) : nil
    }

    /// Lets descriptors 0, 1 and 2 refer to /dev/null. Where that could not be opened they stay as they are.
    package func detach() {
        guard let number = null?.raw else { return }
        for stream in Int32(0)...2 { dup2(number, stream) }
    }
}
