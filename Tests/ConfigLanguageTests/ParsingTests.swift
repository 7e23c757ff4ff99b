// Whole configurations through the parser's door.

import ConfigLanguage
import Testing

@Suite struct ParsingTests {
    @Test func nothingIsAConfiguration() {
        let result = ConfigurationParser.parse([], in: Surroundings())
        #expect(result.configuration != nil)
        #expect(result.diagnostics.isEmpty)
    }
}
