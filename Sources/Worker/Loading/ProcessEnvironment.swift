// The variables of this process and the name of its host.

import Glibc
import Unix

package enum ProcessEnvironment {
    /// All variables but those with which mwproxy's own processes find each other.
    package static func variables() -> [String: String] {
        var variables: [String: String] = [:]
        for entry in ProcessControl.environment {
            guard let equals = entry.firstIndex(of: "="), !entry.hasPrefix("MWPROXY_") else { continue }
            variables[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
        }
        return variables
    }

    package static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return name.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
