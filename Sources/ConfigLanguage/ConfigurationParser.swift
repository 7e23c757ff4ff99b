// The door of the room: configuration files in, a configuration or diagnostics out.

/// Reads HAProxy's configuration language.
package enum ConfigurationParser {
    /// Parses the sources in their order as one configuration. A source begins outside of any section.
    package static func parse(_ sources: [Source], in surroundings: Surroundings) -> ParseResult {
        let reader = ConfigurationReader(surroundings)
        for source in sources { reader.read(source) }
        ConfigurationChecks(reader).finish()
        if !reader.diagnostics.hasAlert {
            if reader.zeroWarning && !reader.diagnostics.isEmpty {
                reader.report(
                    Diagnostic(.alert, "Some warnings were found and 'zero-warning' is set. Aborting."))
            } else {
                return ParseResult(configuration: reader.configuration, diagnostics: reader.diagnostics)
            }
        } else {
            reader.report(Diagnostic(.alert, "Fatal errors found in configuration."))
        }
        return ParseResult(configuration: nil, diagnostics: reader.diagnostics)
    }
}
