// HTTP/1 heads and chunked bodies under libFuzzer. Compiled into one module with Sources/HTTP1.

/// The first byte chooses what the others are, and where they are split.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let bytes = Array(input.dropFirst())
    let split = bytes.isEmpty ? 0 : Int(input[0] >> 2) % (bytes.count + 1)
    switch input[0] & 3 {
    case 0: request(bytes, split)
    case 1: response(bytes, split)
    default: chunks(bytes, split)
    }
    return 0
}

private func request(_ bytes: [UInt8], _ split: Int) {
    var head = RequestHead()
    let outcome = head.read(bytes.span)
    if case .complete(let length) = outcome {
        precondition((1...bytes.count).contains(length), "a head longer than its bytes")
        precondition(
            head.target.upperBound <= length && head.line.upperBound <= length, "ranges behind the head")
        if let path = head.path(bytes.span) {
            precondition(head.target.clamped(to: path) == path, "a path outside of its target")
        }
        _ = head.wantsKeepAlive
        _ = head.asksForUpgrade
    }
    agree(outcome, bytes, readingFirst: split) { span in
        var part = RequestHead()
        return part.read(span)
    }
}

private func response(_ bytes: [UInt8], _ split: Int) {
    var head = ResponseHead()
    let outcome = head.read(bytes.span)
    if case .complete(let length) = outcome {
        precondition((1...bytes.count).contains(length), "a head longer than its bytes")
        precondition((100...999).contains(head.status), "a status of other than three digits")
        for method in [Method.get, .head, .connect] { _ = head.framing(answering: method) }
    }
    agree(outcome, bytes, readingFirst: split) { span in
        var part = ResponseHead()
        return part.read(span)
    }
}

/// A part of the bytes is never judged otherwise than all of them: it is only not enough.
private func agree(
    _ whole: HeadOutcome, _ bytes: [UInt8], readingFirst count: Int, with read: (Span<UInt8>) -> HeadOutcome
) {
    let part = read(Array(bytes.prefix(count)).span)
    switch (part, whole) {
    case (.partial, _): break
    case (.complete(let one), .complete(let other)): precondition(one == other, "two ends of one head")
    case (.invalid, .invalid): break
    default: preconditionFailure("the first \(count) bytes say \(part), all say \(whole)")
    }
}

/// A body split anywhere has the same content and the same end.
private func chunks(_ bytes: [UInt8], _ split: Int) {
    let whole = follow([bytes])
    let halves = follow([Array(bytes.prefix(split)), Array(bytes.dropFirst(split))])
    precondition(whole == halves, "a split changes the body")
}

private struct Followed: Equatable {
    var content: [UInt8] = []
    var isEnded = false
    var isInvalid = false
}

private func follow(_ pieces: [[UInt8]]) -> Followed {
    var body = ChunkedBody()
    var result = Followed()
    for piece in pieces {
        var index = 0
        reading: while true {
            switch body.next(piece.span, from: index) {
            case .data(let count):
                precondition(count > 0 && index + count <= piece.count, "content that is not there")
                result.content += piece[index..<index + count]
                index += count
            case .framing(let count):
                precondition(count > 0 && index + count <= piece.count, "framing that is not there")
                index += count
            case .more: break reading
            case .ended:
                result.isEnded = true
                return result
            case .invalid:
                result.isInvalid = true
                return result
            }
        }
    }
    if body.isAtEnd { result.isEnded = true }
    return result
}
