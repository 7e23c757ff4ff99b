// The reply to `show table`: a heading for each table, and a line for each entry.

/// The lines of `show table`.
package enum TableLine {
    /// `# table: st_src, type: ip, size:102400, used:1`
    package static func heading(name: String, type: String, size: Int, used: Int) -> String {
        "# table: \(name), type: \(type), size:\(size), used:\(used)\n"
    }

    /// `0x5581…: key=127.0.0.1 use=0 exp=29123 gpc0=0`, `values` with their `=`.
    package static func entry(
        address: UInt, key: String, uses: Int, remaining: UInt32, values: [String]
    ) -> String {
        let values = values.map { " \($0)" }.joined()
        return "0x\(String(address, radix: 16)): key=\(key) use=\(uses) exp=\(remaining)\(values)\n"
    }

    /// A text as a key is shown: blanks, `=` and `\` with a backslash, what is not printable as `\xHH`.
    package static func escaped(_ text: [UInt8]) -> String {
        var result = ""
        for byte in text {
            switch byte {
            case 0x09: result += "\\t"
            case 0x0a: result += "\\n"
            case 0x0d: result += "\\r"
            case 0x1b: result += "\\e"
            case UInt8(ascii: " "), UInt8(ascii: "="), UInt8(ascii: "\\"):
                result += "\\" + String(Unicode.Scalar(byte))
            case 0x21..<0x7f: result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "\\x" + hexadecimal(byte)
            }
        }
        return result
    }

    /// Bytes as a binary key is shown.
    package static func hexadecimal(_ bytes: [UInt8]) -> String { bytes.map { hexadecimal($0) }.joined() }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16, uppercase: true)
        return byte < 16 ? "0" + text : text
    }
}
