// Text from a network, a log or a command line cannot drive the terminal: what is not a printing character is
// spelled out, as `^[` for escape and `<202e>` for the bidirectional override.

package enum VisibleText {
    /// The printing form of a scalar that does not print, nil for one that does. Always ASCII.
    @inline(__always)
    package static func spelling(of scalar: Unicode.Scalar) -> String? {
        let value = scalar.value
        if value >= 0x20 && value < 0x7F { return nil }
        return spellingOfRare(scalar)
    }

    private static func spellingOfRare(_ scalar: Unicode.Scalar) -> String? {
        let value = scalar.value
        if value < 0x20 { return "^" + String(Unicode.Scalar(UInt8(value + 0x40))) }
        if value == 0x7F { return "^?" }
        // Variation selectors only choose among drawings of the same character, and terminals disagree on
        // their width.
        if (0xFE00...0xFE0F).contains(value) { return "" }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
            return "<" + String(value, radix: 16) + ">"
        default:
            return nil
        }
    }

    /// `text` with every character that does not print spelled out.
    package static func of(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if let spelled = spelling(of: scalar) {
                result.append(contentsOf: spelled.unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }
}
