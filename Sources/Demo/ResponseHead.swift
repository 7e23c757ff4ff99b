// As much of a response's head as a client needs that counts: status, length, and whether the server closes.

/// A response head, read from the front of some bytes.
struct ResponseHead: Equatable {
    var status: Int
    /// nil: the body ends with the connection (this client is never sent chunks).
    var contentLength: Int?
    var closes = false
    /// The head's length with its empty line.
    var length: Int

    /// nil while the head is not complete.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var lineStart = 0
        var isFirst = true
        status = 0
        length = 0
        for index in bytes.indices where bytes[index] == 10 {
            let line = bytes[lineStart..<index]
            lineStart = index + 1
            if isFirst {
                isFirst = false
                status = Self.number(line.drop { $0 != 32 }.dropFirst())
            } else if line.count <= 1 {
                length = index + 1
                return
            } else {
                read(line)
            }
        }
        return nil
    }

    private mutating func read(_ line: Slice<UnsafeRawBufferPointer>) {
        guard line[line.startIndex] | 0x20 == UInt8(ascii: "c") else { return }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let value = line[line.index(after: colon)...].drop { $0 == 32 }
        switch colon - line.startIndex {
        case 14: contentLength = Self.number(value)  // content-length
        case 10: closes = value.starts(with: "close".utf8)  // connection
        default: break
        }
    }

    private static func number(_ digits: some Collection<UInt8>) -> Int {
        var result = 0
        for digit in digits.prefix(11) {
            guard digit >= 48, digit <= 57 else { break }
            result = result * 10 + Int(digit - 48)
        }
        return result
    }
}
