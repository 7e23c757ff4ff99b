// Appends to this process's command line, as ps shows it: a draining worker says ` [was: 1]`.
//
// The kernel shows the memory of the command line as it is now. Where its last byte is not NUL any more it reads
// on into the environment, which lies right behind; the master puts a padding variable there.

import Glibc
import Handover

package enum ProcessTitle {
    /// Joins the arguments with spaces and appends `text`; false where the room behind them is not ours.
    @discardableResult
    package static func append(_ text: String) -> Bool {
        let arguments = CommandLine.unsafeArgv
        guard CommandLine.argc > 0, let first = arguments[0],
            let last = arguments[Int(CommandLine.argc) - 1], let padding = environ.pointee
        else { return false }
        let end = last + strlen(last)
        let bytes = Array(text.utf8)
        guard end + 1 == padding, bytes.count < strlen(padding),
            String(cString: padding).hasPrefix("\(HandoverVariable.title)=")
        else { return false }
        var cursor = first
        while cursor < end {
            if cursor.pointee == 0 { cursor.pointee = CChar(bitPattern: UInt8(ascii: " ")) }
            cursor += 1
        }
        for (offset, byte) in bytes.enumerated() { end[offset] = CChar(bitPattern: byte) }
        end[bytes.count] = 0
        return true
    }
}
