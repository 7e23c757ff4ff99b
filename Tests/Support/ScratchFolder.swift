// A private folder for one test: gone with the value.

import Demo
import Unix

/// A folder that is removed with everything in it when the last reference goes.
package final class ScratchFolder: Sendable {
    package let path: String

    package init(_ prefix: String = "reloadtop-test-") throws {
        path = try ScratchDirectory.make(prefix: prefix)
    }

    deinit { ScratchDirectory.remove(path) }

    /// The path of `name` in this folder.
    package func file(_ name: String) -> String { path + "/" + name }

    /// Writes a file and returns its path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        try File.write(file(name), text)
        return file(name)
    }
}
