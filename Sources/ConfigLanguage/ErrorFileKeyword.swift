// `errorfile <status> <file>`: a complete response, read and checked at load.

extension ErrorFile {
    private static let statuses: Set<Int> = [
        200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 425, 429, 431, 500, 501, 502, 503, 504,
    ]
    /// A response must fit the buffer that it is sent from.
    private static let longest = 16384

    static func read(
        _ phrase: Phrase, _ reader: ConfigurationReader
    ) throws(Fault) -> (status: Int, file: ErrorFile) {
        guard let status = Int(phrase[1]), statuses.contains(status) else {
            let known = statuses.sorted().map(String.init).joined(separator: ", ")
            throw phrase.fault(
                "errorfile : status code '\(phrase[1])' not handled; expected one of \(known)", at: 1)
        }
        let path = phrase[2]
        let bytes: [UInt8]
        switch reader.surroundings.readFile(path) {
        case .success(let content): bytes = content
        case .failure(let failure):
            throw phrase.fault("errorfile : error opening file '\(path)': \(failure.reason).", at: 2)
        }
        if bytes.count > longest {
            throw phrase.fault(
                "errorfile : '\(path)': file too large, \(bytes.count) bytes, at most \(longest) are possible",
                at: 2)
        }
        if let offset = firstWrongByte(bytes) {
            throw phrase.fault(
                "errorfile : '\(path)': unable to parse headers (error offset: \(offset)); expected a complete "
                    + "HTTP response", at: 2)
        }
        return (status, ErrorFile(path: path, bytes: bytes))
    }

    /// Nil for a response with a head, and for an empty file, which stands for closing without a word.
    private static func firstWrongByte(_ bytes: [UInt8]) -> Int? {
        if bytes.isEmpty { return nil }
        guard bytes.starts(with: "HTTP/1.".utf8), bytes.count > 12 else { return 0 }
        guard bytes[8] == 0x20, bytes[9...11].allSatisfy({ (0x30...0x39).contains($0) }) else { return 9 }
        var start = 0
        while start < bytes.count {
            guard let end = bytes[start...].firstIndex(of: 0x0a) else { return start }
            let line = bytes[start..<(end > start && bytes[end - 1] == 0x0d ? end - 1 : end)]
            if line.isEmpty { return nil }
            if start > 0 {
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > start,
                    line[..<colon].allSatisfy(RuleLanguage.isTokenByte)
                else { return start }
            }
            start = end + 1
        }
        return bytes.count
    }
}
