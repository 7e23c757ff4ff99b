// A systemd service unit with its drop-ins merged, as far as a reload is concerned: sections, keys, lists that an
// empty assignment resets, lines that a backslash continues; and where each of them stands.

/// A unit's settings.
package struct ServiceUnit: Equatable, Sendable {
    /// One assignment.
    package struct Setting: Equatable, Sendable {
        package var value: String
        /// `/etc/systemd/system/haproxy.service.d/limits.conf:3`; of a continued line its first.
        package var place: String
    }

    /// `haproxy.service`, `haproxy@edge.service`
    package let name: String
    /// The files that it was read from, in the order in which they hold.
    package private(set) var files: [String] = []
    private var settings: [String: [Setting]] = [:]

    package init(name: String) {
        self.name = name
    }

    /// Takes in one file; later files hold over earlier ones.
    package mutating func read(_ file: String, _ text: String) {
        files.append(file)
        var section = ""
        var pending = ""
        var start = 0
        func take(_ line: String) {
            if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
                section = String(line[line.index(after: line.startIndex)..<end])
            } else if let equals = line.firstIndex(of: "=") {
                let key = "\(section).\(Self.trimmed(line[..<equals]))"
                let value = Self.trimmed(line[line.index(after: equals)...])
                if value.isEmpty {
                    settings[key] = nil
                } else {
                    settings[key, default: []].append(Setting(value: value, place: "\(file):\(start)"))
                }
            }
        }
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
        for (index, raw) in lines.enumerated() {
            let line = raw.drop { $0 == " " || $0 == "\t" }
            // Comments also stand between continued lines.
            if line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if pending.isEmpty { start = index + 1 }
            // Two backslashes are one, and continue nothing.
            if line.reversed().prefix(while: { $0 == "\\" }).count % 2 == 1 {
                pending += line.dropLast() + " "
                continue
            }
            take(pending + line)
            pending = ""
        }
        // The file ended where a line was to go on.
        take(pending)
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// Every assignment of a `[Service]` setting that holds, in its order.
    package func assignments(_ key: String) -> [Setting] { settings["Service.\(key)"] ?? [] }

    /// Their values.
    package func service(_ key: String) -> [String] { assignments(key).map(\.value) }

    /// The value that holds.
    package func last(_ key: String) -> String? { service(key).last }

    /// Where it stands; where it does not, the unit's own file.
    package func place(_ key: String) -> String { assignments(key).last?.place ?? files.first ?? name }

    /// `KillMode=process (/etc/systemd/system/haproxy.service:9)`, or `no KillMode= (FILE)`.
    package func said(_ key: String) -> String {
        last(key).map { "\(key)=\($0) (\(place(key)))" } ?? "no \(key)= (\(place(key)))"
    }

    /// The commands of an Exec setting, those of a script given to a shell as their own.
    package func commands(_ key: String) -> [UnitCommand] {
        assignments(key).flatMap { UnitCommand.read($0.value, at: $0.place) }
    }

    /// The words of the command that starts the service.
    package var start: UnitCommand? { commands("ExecStart").last }

    /// Where the local administrator's additions go.
    package var dropIn: String { "/etc/systemd/system/\(name).d/reload.conf" }
}
