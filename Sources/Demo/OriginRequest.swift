// What a request asks the origin for: its path, and the two headers that matter.

/// A parsed request head.
struct OriginRequest: Equatable {
    enum Action: Equatable {
        case bytes(Int)
        case poll(milliseconds: Int)
        case slow(Int, milliseconds: Int)
        case chunked(Int)
        case half(Int)
        case status(Int)
        case reset
        case silent
        case webSocket
        case unknown
    }

    var action: Action
    /// HTTP/1.0 or `Connection: close`.
    var closes: Bool
    var hasNoBody: Bool
    /// The request's own body, to be skipped.
    var contentLength: Int
    /// The head's length with its empty line.
    var length: Int

    /// The first request head in `bytes`; nil while it is not complete.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let end = Self.endOfHead(bytes) else { return nil }
        length = end
        let head = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        let lineEnd = head.firstIndex(of: 13) ?? 0
        let line = head[..<lineEnd]
        let target = line.drop { $0 != 32 }.dropFirst().prefix { $0 != 32 }
        hasNoBody = line.starts(with: "HEAD ".utf8)
        closes = line.last == UInt8(ascii: "0")
        action = Self.action(target)
        contentLength = 0
        var cursor = lineEnd + 2
        while cursor < end - 2 {
            let rest = head[cursor...]
            let next = (rest.firstIndex(of: 13) ?? end - 2)
            switch head[cursor] | 0x20 {
            case UInt8(ascii: "c"):
                if let value = Self.value(of: "connection:", in: head[cursor..<next]) {
                    closes = closes || value.elementsEqual("close".utf8)
                } else if let value = Self.value(of: "content-length:", in: head[cursor..<next]) {
                    contentLength = Self.number(value) ?? 0
                }
            default: break
            }
            cursor = next + 2
        }
    }

    private static func endOfHead(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let count = bytes.count
        guard count >= 4 else { return nil }
        var index = 3
        while index < count {
            // The last byte of an empty line is a newline; anything else lets the search skip ahead.
            if bytes[index] == 10 {
                if bytes[index - 1] == 13, bytes[index - 2] == 10, bytes[index - 3] == 13 { return index + 1 }
                index += 2
            } else {
                index += bytes[index] == 13 ? 1 : 2
            }
        }
        return nil
    }

    private static func value(of name: StaticString, in line: Slice<UnsafeRawBufferPointer>)
        -> Slice<UnsafeRawBufferPointer>?
    {
        let count = name.utf8CodeUnitCount
        guard line.count >= count else { return nil }
        for index in 0..<count where line[line.startIndex + index] | 0x20 != name.utf8Start[index] | 0x20 {
            return nil
        }
        return line.dropFirst(count).drop { $0 == 32 }
    }

    private static func number(_ digits: some Collection<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.count < 12 else { return nil }
        var result = 0
        for digit in digits {
            guard digit >= 48, digit <= 57 else { return nil }
            result = result * 10 + Int(digit - 48)
        }
        return result
    }

    private static func action(_ target: Slice<UnsafeRawBufferPointer>) -> Action {
        let path = target.prefix { $0 != UInt8(ascii: "?") }
        let parts = path.split(separator: UInt8(ascii: "/"), maxSplits: 3)
        guard let name = parts.first else { return .unknown }
        let first = parts.count > 1 ? number(parts[1]) : nil
        let second = parts.count > 2 ? number(parts[2]) : nil
        switch (String(decoding: name, as: UTF8.self), first, second) {
        case ("bytes", let count?, _): return .bytes(count)
        case ("poll", let span?, _): return .poll(milliseconds: span)
        case ("slow", let count?, let span?): return .slow(count, milliseconds: span)
        case ("chunked", let count?, _): return .chunked(count)
        case ("half", let count?, _): return .half(count)
        case ("status", let code?, _) where (200...599).contains(code): return .status(code)
        case ("reset", _, _): return .reset
        case ("silent", _, _): return .silent
        case ("ws", _, _): return .webSocket
        default: return .unknown
        }
    }
}
