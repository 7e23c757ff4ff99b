// The door of the room: configuration files in, a configuration or diagnostics out.

/// Reads HAProxy's configuration language.
package enum ConfigurationParser {
    /// Parses the sources in their order as one configuration.
    package static func parse(_ sources: [Source], in surroundings: Surroundings) -> ParseResult {
        ParseResult(configuration: Configuration(), diagnostics: [])
    }
}
