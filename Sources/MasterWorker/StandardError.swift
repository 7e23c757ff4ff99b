// Lines for people, on standard error. Nobody can be told when even that fails.

import Unix

package enum StandardError {
    package static func write(_ text: String) {
        try? File.writeAll(2, text.utf8)
    }
}
