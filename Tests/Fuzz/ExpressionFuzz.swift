// Expressions, texts with variables and regular expressions under libFuzzer. The first line is read as each of them;
// the second is what a regular expression is run over. Compiled into one module with the rooms under test.

private func makeReader() -> ConfigurationReader {
    ConfigurationReader(
        Surroundings(readFile: { path in
            path == "/map"
                ? .success(Array("/a 1\n/b 2\n".utf8)) : .failure(OutsideFailure("No such file or directory"))
        }))
}

/// Whatever the bytes: a value or a fault with words, and groups that lie within the text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let lines = bytes.split(separator: 0x0a, maxSplits: 1, omittingEmptySubsequences: false)
    let text = String(decoding: lines[0], as: UTF8.self)
    let reader = makeReader()
    let language = ExpressionLanguage(reader: reader)
    for suffixed in [false, true] {
        do throws(ExpressionFault) {
            let expression = try language.expression(text, suffixed: suffixed).expression
            precondition(expression.text == text && !text.isEmpty, "another expression than was written")
        } catch {
            precondition(!error.message.isEmpty, "a fault without words")
        }
    }
    let draft = ProxyDraft(kind: .listen, name: "l", position: Position(file: "f", line: 1), from: nil)
    for place in RulePlace.allCases {
        do throws(ExpressionFault) {
            let format = try TextFormatLanguage(reader: reader, place: place, draft: draft).format(text)
            precondition(
                text.contains("%") || format.literal == Array(text.utf8), "a plain text that was changed")
        } catch {
            precondition(!error.message.isEmpty, "a fault without words")
        }
    }
    guard let expression = try? RegularExpression(lines[0].prefix(200)) else { return 0 }
    let subject = Array((lines.count > 1 ? lines[1] : []).prefix(500))
    let matcher = RegularMatcher(expression)
    let found = subject.withUnsafeBytes { matcher.finds(in: $0) }
    guard found else { return 0 }
    for number in 0..<10 {
        guard let group = matcher.group(number) else { continue }
        precondition(
            group.lowerBound >= 0 && group.upperBound <= subject.count, "a group outside of the text")
    }
    precondition(matcher.group(0) != nil, "a match without a place")
    return 0
}
