// Which binary runs, and with what command line: what a re-exec uses. The path is resolved once, at the first
// start, and symbolic links are kept: a link named `haproxy` stays `haproxy` in ps.

import Glibc
import Handover
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

    /// Finds the binary as the shell did: by `argv[0]`, or through PATH where that holds no slash.
    package static func resolve(arguments: [String]) -> ProgramIdentity {
        ProgramIdentity(path: path(of: arguments.first ?? Program.name), arguments: arguments)
    }

    private static func path(of command: String) -> String {
        if command.hasPrefix("/") { return command }
        if command.contains("/") { return absolute(command) }
        let search = ProcessControl.environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in search.split(separator: ":", omittingEmptySubsequences: false) {
            let candidate = absolute(folder.isEmpty ? command : "\(folder)/\(command)")
            if access(candidate, X_OK) == 0 { return candidate }
        }
        return "/proc/self/exe"
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
