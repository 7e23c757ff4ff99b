// Names of users from /etc/passwd, read once when the first is needed: a name service could take seconds.

import Unix

package struct AccountNames {
    private let path: String
    private var names: [UInt32: String]?

    /// `path`: a file like /etc/passwd.
    package init(path: String = "/etc/passwd") {
        self.path = path
    }

    /// Nil: nobody of that number is listed.
    package mutating func name(of user: UInt32) -> String? {
        if names == nil {
            let text = (try? File.readText(path, limit: 1 << 20)) ?? ""
            names = Dictionary(
                text.split(separator: "\n").compactMap { line in
                    let fields = line.split(separator: ":", omittingEmptySubsequences: false)
                    guard fields.count > 2, let id = UInt32(fields[2]) else { return nil }
                    return (id, String(fields[0]))
                }, uniquingKeysWith: { first, _ in first })
        }
        return names?[user]
    }
}
