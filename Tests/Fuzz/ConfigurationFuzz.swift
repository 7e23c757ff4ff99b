// The configuration language under libFuzzer. Compiled into one module with Sources/ConfigLanguage.

private func surroundings() -> Surroundings {
    Surroundings(
        environment: ["A": "1", "LONG": String(repeating: "x", count: 300)],
        readFile: { path in
            switch path {
            case "/page": .success(Array("HTTP/1.0 503 x\r\nA: b\r\n\r\n".utf8))
            case "/list": .success(Array("/a\n# b\n10.0.0.0/8\n".utf8))
            default: .failure(OutsideFailure("No such file or directory"))
            }
        },
        userID: { $0 == "root" ? 0 : nil }, groupID: { $0 == "root" ? 0 : nil },
        resolve: { host, _ in host == "origin" ? .success("192.0.2.1") : .failure(OutsideFailure("unknown")) }
    )
}

/// Whatever the bytes: a configuration or an alert, and diagnostics that point into the text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let result = ConfigurationParser.parse([Source(name: "f", bytes: bytes)], in: surroundings())
    let hasAlert = result.diagnostics.contains { $0.severity == .alert }
    precondition(hasAlert == (result.configuration == nil), "a configuration beside an alert, or neither")
    let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
    for diagnostic in result.diagnostics {
        precondition(
            diagnostic.message.unicodeScalars.allSatisfy {
                $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7f
            },
            "a control character in a message")
        guard let position = diagnostic.position else { continue }
        precondition((1...lines.count).contains(position.line), "a line that is not there")
        guard let columns = diagnostic.columns else { continue }
        precondition(
            columns.lowerBound >= 1 && columns.upperBound <= lines[position.line - 1].count + 2,
            "columns behind the end of the line")
    }
    return 0
}
