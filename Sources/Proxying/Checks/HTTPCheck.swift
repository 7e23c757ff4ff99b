// What an HTTP check says, and what it thinks of the answer so far.

import ConfigLanguage
import HTTP1
import RegularExpressions

/// `option httpchk` at work.
final class HTTPCheck {
    private enum Expectation {
        case statuses([ClosedRange<Int>])
        case statusPattern(RegularMatcher)
        case text(ConstantBytes)
        case pattern(RegularMatcher)
    }
    /// The bytes that are sent.
    let request: [UInt8]
    private let expectation: Expectation
    private let isNegated: Bool
    private let hasNoBody: Bool

    /// The most bytes of an answer that are looked at: as many as HAProxy's buffer holds.
    static let longestAnswer = 16_384

    init(_ settings: CheckSettings) {
        request = Self.bytes(of: settings.request)
        isNegated = settings.expectation?.isNegated ?? false
        expectation =
            switch settings.expectation?.pattern {
            case nil: .statuses([200...399])
            case .statuses(let ranges): .statuses(ranges)
            case .statusPattern(let expression): .statusPattern(RegularMatcher(expression))
            case .text(let text): .text(ConstantBytes(text.utf8))
            case .pattern(let expression): .pattern(RegularMatcher(expression))
            }
        hasNoBody = settings.request.method == "HEAD"
    }

    /// The head as HAProxy writes it: names in lower case, a length where there is a body, and with a version above 1.0
    /// the word that this is all.
    private static func bytes(of request: CheckRequest) -> [UInt8] {
        var text = "\(request.method) \(request.uri) \(request.version)\r\n"
        for (name, value) in request.headers { text += "\(name.lowercased()): \(value)\r\n" }
        if !request.body.isEmpty { text += "content-length: \(request.body.utf8.count)\r\n" }
        if request.version != "HTTP/1.0" { text += "connection: close\r\n" }
        return Array("\(text)\r\n\(request.body)".utf8)
    }

    /// The result; nil: more bytes are needed. `hasEnded`: there are no more.
    func result(of answer: [UInt8], hasEnded: Bool) -> CheckResult? {
        let isLast = hasEnded || answer.count >= Self.longestAnswer
        var head = ResponseHead()
        switch head.read(answer.span) {
        case .partial: return isLast ? .misunderstood() : nil
        case .invalid: return .misunderstood()
        case .complete(let length):
            // An answer that is none yet.
            if head.status < 200 && head.status != 101 {
                return result(of: Array(answer[length...]), hasEnded: isLast)
            }
            let status = head.status
            switch expectation {
            case .statuses(let ranges): return judged(ranges.contains { $0.contains(status) }, head, answer)
            case .statusPattern(let matcher):
                let isFound = answer.withUnsafeBytes { matcher.finds(in: .init(rebasing: $0[9..<12])) }
                return judged(isFound, head, answer)
            case .text, .pattern:
                let framing = hasNoBody ? .none : head.framing(answering: .get)
                let (body, isWhole) = content(of: answer, from: length, framing)
                return judged(body, status, isWhole: isWhole || isLast)
            }
        }
    }

    private func judged(_ isFound: Bool, _ head: borrowing ResponseHead, _ answer: [UInt8]) -> CheckResult {
        if isFound != isNegated { return .answered(head.status) }
        let reason = answer[min(13, head.line.upperBound)..<head.line.upperBound]
        // The server's own words go into logs and onto screens.
        let plain = reason.map { (0x20..<0x7f).contains($0) ? $0 : UInt8(ascii: "?") }
        return .unwanted(head.status, String(decoding: plain, as: UTF8.self))
    }

    private func judged(_ body: [UInt8], _ status: Int, isWhole: Bool) -> CheckResult? {
        if body.isEmpty {
            return isWhole ? .misunderstood("HTTP content check could not find a response body") : nil
        }
        let isFound = body.withUnsafeBytes { bytes in
            switch expectation {
            case .text(let text): bytes.position(of: text.bytes, from: 0) != nil
            case .pattern(let matcher): matcher.finds(in: bytes)
            case .statuses, .statusPattern: false
            }
        }
        if isFound {
            return isNegated ? .misunderstood("HTTP check matched unwanted content") : .answered(status)
        }
        guard isWhole else { return nil }
        return isNegated ? .answered(status) : .misunderstood("HTTP content check did not match")
    }

    /// The content so far, and whether it is all.
    private func content(of answer: [UInt8], from start: Int, _ framing: BodyFraming) -> ([UInt8], Bool) {
        switch framing {
        case .none: return ([], true)
        case .length(let length):
            let there = answer[start...].prefix(length)
            return (Array(there), there.count == length)
        case .untilClose, .tunnel: return (Array(answer[start...]), false)
        case .chunked:
            var body = ChunkedBody()
            var content: [UInt8] = []
            var place = start
            while true {
                switch body.next(answer.span, from: place) {
                case .data(let count):
                    content += answer[place..<place + count]
                    place += count
                case .framing(let count): place += count
                case .more: return (content, false)
                case .ended, .invalid: return (content, true)
                }
            }
        }
    }
}
