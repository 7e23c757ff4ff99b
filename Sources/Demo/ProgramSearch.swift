// Where programs are: beside this one first, then in PATH.

import Glibc
import Unix

package enum ProgramSearch {
    /// The absolute path of `name`: beside this program's own binary, else in PATH.
    package static func find(_ name: String) throws(DemoError) -> String {
        var places: [String] = []
        if let own = ownPath, let slash = own.lastIndex(of: "/") { places.append(String(own[..<slash])) }
        let path = ProcessControl.environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
        places += path.split(separator: ":").map(String.init)
        for place in places where access("\(place)/\(name)", X_OK) == 0 { return "\(place)/\(name)" }
        throw .noProxy(searched: places)
    }

    /// What to execute to start this program again: its path, so that `ps` shows its name; the kernel's link
    /// where the file has been replaced meanwhile.
    package static var ownProgram: String {
        guard let path = ownPath, access(path, X_OK) == 0 else { return "/proc/self/exe" }
        return path
    }

    /// The path of this process's program.
    package static var ownPath: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard readlink("/proc/self/exe", &buffer, buffer.count - 1) > 0 else { return nil }
        return buffer.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
