// What stands at a path, as far as those who read files and folders must know.

import Glibc

/// What stands at a path; symbolic links are followed. `errno` tells why it is missing.
package enum FileKind: Sendable {
    case missing, directory, other

    package init(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            self = .missing
            return
        }
        self = status.st_mode & S_IFMT == S_IFDIR ? .directory : .other
    }
}
