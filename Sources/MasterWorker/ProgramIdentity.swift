// Which binary runs, and with what command line: what a re-exec uses. The path is resolved once, at the first
// start, and symbolic links are kept: a link named `haproxy` stays `haproxy` in ps.

import Glibc
import Unix

/// The running program.
package struct ProgramIdentity: Sendable {
    /// Absolute path of the binary, links not followed.
    package var path: String
    /// The command line, `argv[0]` first.
    package var arguments: [String]

    package init(path: String, arguments: [String]) {
        self.path = path
        self.arguments = arguments
    }

    /// The binary as the kernel was told to execute it: what the shell found in PATH, or what was typed. `argv[0]`
    /// may be any name, so it decides nothing.
    package static func resolve(arguments: [String]) -> ProgramIdentity {
        ProgramIdentity(
            path: absolute(ProcessControl.executedPath ?? "/proc/self/exe"), arguments: arguments)
    }

    /// `path` as seen from the root; unchanged where it is absolute.
    package static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        let clean = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        let base = String(cString: folder)
        return base == "/" ? "/\(clean)" : "\(base)/\(clean)"
    }
}
