// Private folders below TMPDIR, and their removal with all they hold.

import Glibc
import Unix

/// Folders for one run.
package enum ScratchDirectory {
    /// Makes a new folder that only this user can enter; returns its path.
    package static func make(prefix: String) throws(DemoError) -> String {
        let parent = ProcessControl.environment("TMPDIR") ?? "/tmp"
        // mkdtemp puts six characters of its own in place of the template's last.
        var template = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .system("make a folder in \(parent)", .last) }
        return template.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// Removes a folder and everything in it, without following links; what is gone already does not matter.
    package static func remove(_ path: String) {
        for name in (try? File.names(in: path)) ?? [] {
            let entry = path + "/" + name
            if unlink(entry) != 0 && errno == EISDIR { remove(entry) }
        }
        rmdir(path)
    }
}
