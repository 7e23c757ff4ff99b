// Bytes as HAProxy dumps them: a line of text a line, at most 79 columns, with what cannot be seen made visible.

package enum TextDump {
    /// Every line begins with the offset of its first byte, and `+` where it goes on with the one before.
    package static func text(of bytes: [UInt8]) -> String {
        var text = ""
        var index = 0
        var continues = false
        while index < bytes.count {
            let digits = String(index)
            let offset = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
            var line = "  \(offset)\(continues ? "+" : " ") "
            continues = true
            while index < bytes.count {
                let byte = bytes[index]
                let visible = visible(byte)
                guard line.utf8.count + visible.utf8.count <= 79 else { break }
                line += visible
                index += 1
                if byte == 10 {
                    continues = false
                    break
                }
            }
            text += line + "\n"
        }
        return text
    }

    private static func visible(_ byte: UInt8) -> String {
        switch byte {
        case 9: "\\t"
        case 10: "\\n"
        case 13: "\\r"
        case 27: "\\e"
        case UInt8(ascii: "\\"): "\\\\"
        case 32..<127: String(UnicodeScalar(byte))
        default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }
}
