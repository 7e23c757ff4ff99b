// Every option and threshold that a person may want to keep, as one table: the file of preferences, its template and
// the manual are held against it, and the command line has an option of the same name for each,
// and --threshold for the thresholds.

import ReloadModel

/// One thing that can be set in the file.
package struct Preference: Sendable {
    /// What a value must look like.
    package enum Kind: Equatable, Sendable {
        case text
        /// `yes` or `no`.
        case flag
        case number(ClosedRange<Double>)
        case integer(ClosedRange<Int>)
        case choice([String])
    }
    /// As on the command line, without its dashes.
    package var name: String
    package var kind: Kind
    /// What holds where nothing is set; nil: nothing.
    package var standard: String?
    package var meaning: String
    /// Options of the command line that make this one of the file not hold.
    package var yieldsTo: [String] = []
    /// `reloadtop doctor` has it too.
    package var isForDoctor = false
    /// The option that takes it as `name=value`; nil: one of its own name.
    package var option: String?

    package static let all = single + thresholds

    private static let thresholds = NamedThreshold.all.map { threshold in
        let range = threshold.range
        return Preference(
            name: threshold.name,
            kind: threshold.isWhole
                ? .integer(Int(range.lowerBound)...Int(range.upperBound)) : .number(range),
            standard: short(threshold.value(AlertThresholds())), meaning: threshold.meaning,
            option: "threshold")
    }

    private static let single: [Preference] = [
        Preference(
            name: "master-socket", kind: .text, standard: nil,
            meaning: "The master's admin socket: a path, abns@name or address:port.",
            yieldsTo: ["pid", "demo"], isForDoctor: true),
        Preference(
            name: "interval", kind: .number(0.1...3600), standard: "1",
            meaning: "Seconds between two looks."),
        Preference(
            name: "stack-limit", kind: .integer(0...100_000), standard: "4",
            meaning: "Alert when more workers than this are draining."),
        Preference(
            name: "journal-unit", kind: .text, standard: nil,
            meaning: "The systemd unit whose journal is read, instead of the master's own.",
            yieldsTo: ["log-file"]),
        Preference(
            name: "journal-directory", kind: .text, standard: nil,
            meaning: "Read the journal files of this directory.", yieldsTo: ["log-file"]),
        Preference(
            name: "log-file", kind: .text, standard: nil,
            meaning: "Follow the proxy's log in this file instead of the journal.",
            yieldsTo: ["journal-unit", "journal-directory"]),
        Preference(
            name: "allow-actions", kind: .flag, standard: "no", meaning: "Offer actions on the proxy."),
        Preference(
            name: "theme", kind: .choice(["default", "high-contrast", "colour-blind", "mono"]),
            standard: "default", meaning: "The colours of the screen; 'T' takes the next."),
        Preference(
            name: "ascii", kind: .flag, standard: "no", meaning: "Draw with ASCII characters only."),
        Preference(name: "no-color", kind: .flag, standard: "no", meaning: "Draw without colours."),
    ]

    /// The table as a file that changes nothing: every line is a comment until somebody takes its mark away.
    package static var template: String {
        let entries = all.map { preference in
            "# \(preference.meaning) \(preference.expected)\n"
                + "#\(preference.name) = \(preference.standard ?? "")\n"
        }
        return """
            # Preferences of reloadtop: name = value, one a line. The command line holds over this file.
            # Its place is $XDG_CONFIG_HOME/reloadtop/config, else ~/.config/reloadtop/config.


            """ + entries.joined(separator: "\n")
    }

    /// `A number from 0.1 to 3600.`
    private var expected: String { "Needs \(need)." }

    /// `a number from 0.1 to 3600`
    package var need: String {
        switch kind {
        case .text: "a text"
        case .flag: "yes or no"
        case .number(let range):
            "a number from \(Self.short(range.lowerBound)) to \(Self.short(range.upperBound))"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        }
    }

    private static func short(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : String(number)
    }

    /// Whether `value` is one that this name may have.
    package func accepts(_ value: String) -> Bool {
        switch kind {
        case .text: !value.isEmpty
        case .flag: value == "yes" || value == "no"
        case .number(let range): Double(value).map { range.contains($0) } ?? false
        case .integer(let range): Int(value).map { range.contains($0) } ?? false
        case .choice(let words): words.contains(value)
        }
    }
}
