// The words that the program starts with: the command line's, after those of the file of preferences.

import Glibc
import Preferences
import Unix

enum StartWords {
    /// Every word; ends the program where the file cannot be used.
    static func all() -> [String] {
        let words = Array(CommandLine.arguments.dropFirst())
        if PreferenceFile.isNotNeeded(for: words) { return words }
        do throws(PreferenceFault) {
            guard let text = try preferences(named: named(in: words)) else { return words }
            return try PreferenceFile(text.text, name: text.name).arguments(before: words)
        } catch {
            complain(error.description)
            exit(EX_USAGE)
        }
    }

    /// The file behind `--config`.
    private static func named(in words: [String]) -> String? {
        for (index, word) in words.enumerated() {
            if word == "--config", index + 1 < words.count { return words[index + 1] }
            if word.hasPrefix("--config=") { return String(word.dropFirst("--config=".count)) }
        }
        return nil
    }

    /// The text of the file that is named, or of the user's own; nil: he has none.
    private static func preferences(
        named name: String?
    ) throws(PreferenceFault) -> (name: String, text: String)? {
        guard let path = name ?? ownPath else { return nil }
        do throws(Errno) {
            return (path, try File.readText(path, limit: 1 << 20))
        } catch {
            if name != nil { throw PreferenceFault("\(path): \(error)") }
            if error != .noSuchFileOrDirectory, error != .notDirectory {
                complain("\(path): \(error); no preferences hold")
            }
            return nil
        }
    }

    private static var ownPath: String? {
        if let folder = ProcessControl.environment("XDG_CONFIG_HOME"), folder.hasPrefix("/") {
            return folder + "/reloadtop/config"
        }
        return ProcessControl.environment("HOME").map { $0 + "/.config/reloadtop/config" }
    }
}
