// What the parser has to say about a configuration: HAProxy's wording and, for those who mark the place, the word.

/// One alert or warning about a configuration.
package struct Diagnostic: Hashable, Sendable {
    package enum Severity: Sendable {
        /// `[ALERT]`: the configuration cannot be loaded.
        case alert
        /// `[WARNING]`: it can, but something is not as written.
        case warning
    }

    package var severity: Severity
    /// Nil for what concerns no line, such as HAProxy's closing `Fatal errors found in configuration.`
    package var position: Position?
    /// The bytes of the faulty word on its line, the first byte being 1; nil where the whole line is meant.
    package var columns: Range<Int>?
    /// All that HAProxy writes after `config : `, the position included; may have several lines, has no last
    /// newline.
    package var message: String

    package init(
        _ severity: Severity, at position: Position? = nil, columns: Range<Int>? = nil, _ message: String
    ) {
        self.severity = severity
        self.position = position
        self.columns = columns
        self.message = message
    }
}

extension Sequence where Element == Diagnostic {
    /// The configuration cannot be loaded.
    package var hasAlert: Bool { contains { $0.severity == .alert } }
}

/// What parsing gave.
package struct ParseResult: Sendable {
    /// Nil when any diagnostic is an alert.
    package var configuration: Configuration?
    /// In the order in which HAProxy would print them.
    package var diagnostics: [Diagnostic]

    package init(configuration: Configuration?, diagnostics: [Diagnostic]) {
        self.configuration = configuration
        self.diagnostics = diagnostics
    }
}
