// A systemd service unit with its drop-ins merged, as far as a reload is concerned: sections, keys, lists that an
// empty assignment resets, lines that a backslash continues.

/// A unit's settings.
package struct ServiceUnit: Equatable, Sendable {
    /// `haproxy.service`, `haproxy@edge.service`
    package let name: String
    /// The files that it was read from, in the order in which they hold.
    package private(set) var files: [String] = []
    private var settings: [String: [String]] = [:]

    package init(name: String) {
        self.name = name
    }

    /// Takes in one file; later files hold over earlier ones.
    package mutating func read(_ file: String, _ text: String) {
        files.append(file)
        var section = ""
        var pending = ""
        for raw in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = raw.drop { $0 == " " || $0 == "\t" }
            // Comments also stand between continued lines.
            if line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasSuffix("\\") {
                pending += line.dropLast() + " "
                continue
            }
            let whole = pending + line
            pending = ""
            if whole.hasPrefix("["), let end = whole.firstIndex(of: "]") {
                section = String(whole[whole.index(after: whole.startIndex)..<end])
            } else if let equals = whole.firstIndex(of: "=") {
                let key = "\(section).\(Self.trimmed(whole[..<equals]))"
                let value = Self.trimmed(whole[whole.index(after: equals)...])
                if value.isEmpty { settings[key] = nil } else { settings[key, default: []].append(value) }
            }
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
        return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// Every value of a `[Service]` setting, in its order.
    package func service(_ key: String) -> [String] { settings["Service.\(key)"] ?? [] }

    /// The value that holds.
    package func last(_ key: String) -> String? { service(key).last }

    /// The words of each command of an Exec setting, without systemd's prefixes.
    package func commands(_ key: String) -> [[String]] {
        service(key).map { line in
            line.split { $0 == " " || $0 == "\t" }.enumerated().map { index, word in
                index == 0 ? String(word.drop { "@-:+!".contains($0) }) : String(word)
            }
        }
    }

    /// Where the local administrator's additions go.
    package var dropIn: String { "/etc/systemd/system/\(name).d/reload.conf" }
}
