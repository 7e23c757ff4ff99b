// Whole screens are kept as text in Screens/, as a person sees them. A change of the design changes them: run the
// tests with RECORD_SCREENS=1, and look at what has changed.

import Glibc
import Testing
import TextUI

@testable import Dashboard

/// Compares the picture of a state with Screens/`name`.txt.
func expectScreen(_ state: State, is name: String, location: SourceLocation = #_sourceLocation) {
    let drawn = view(state).text + "\n"
    let path = folder + "/" + name + ".txt"
    if getenv("RECORD_SCREENS") != nil {
        guard let file = fopen(path, "w") else {
            Issue.record("cannot write \(path)", sourceLocation: location)
            return
        }
        fputs(drawn, file)
        fclose(file)
        return
    }
    let golden = contents(path)
    #expect(drawn == golden, "\(name) is drawn:\n\(drawn)", sourceLocation: location)
}

private let folder = String(#filePath.reversed().drop { $0 != "/" }.reversed()) + "Screens"

private func contents(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += chunk[..<count]
    }
}
