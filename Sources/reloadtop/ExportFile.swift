// Writes what somebody wants to keep: a new file in the user's state folder, never over another.

import Glibc
import TextUI
import Unix

enum ExportFile {
    /// As many names are tried when files of that name exist.
    private static let mostTries = 100

    /// Writes `text`; the sentence says where, or what was in the way.
    static func write(_ text: String, name: String) -> String {
        let folder = folder()
        do throws(Errno) {
            try File.createDirectories(above: folder + "/" + name)
        } catch {
            return "cannot make the folder \(folder): \(error)"
        }
        for number in 1...mostTries {
            let path = folder + "/" + (number == 1 ? name : numbered(name, number))
            let raw = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            if raw < 0 {
                if errno == EEXIST { continue }
                return "cannot write \(path): \(Errno(rawValue: errno))"
            }
            let file = Descriptor(owning: raw)
            do throws(Errno) {
                try File.writeAll(file.raw, text.utf8)
            } catch {
                unlink(path)
                return "cannot write \(path): \(error)"
            }
            return "written to \(path)"
        }
        return "cannot write to \(folder): \(mostTries) files named \(name) exist; move them away"
    }

    /// `$XDG_STATE_HOME/reloadtop`, else the working folder.
    private static func folder() -> String {
        if let home = ProcessControl.environment("XDG_STATE_HOME"), home.hasPrefix("/") {
            return home + "/reloadtop"
        }
        guard let here = getcwd(nil, 0) else { return "." }
        defer { free(here) }
        return String(cString: here)
    }

    /// `a.json` as `a-2.json`.
    private static func numbered(_ name: String, _ number: Int) -> String {
        guard let dot = name.lastIndex(of: ".") else { return "\(name)-\(number)" }
        return "\(name[..<dot])-\(number)\(name[dot...])"
    }
}
