// Replies of real HAProxy, beside the tests (Fixtures/README.md).

import Glibc

enum Fixture {
    /// A whole file of Fixtures.
    static func text(_ name: String, file: String = #filePath) throws -> String {
        let folder = file.prefix(upTo: file.lastIndex(of: "/") ?? file.startIndex)
        let path = "\(folder)/Fixtures/\(name)"
        guard let stream = fopen(path, "r") else { throw Missing(path: path) }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&chunk, 1, chunk.count, stream), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The parts of a file with `##` lines: the line's words and what follows it.
    static func moments(_ name: String) throws -> [(moment: String, text: String)] {
        var moments: [(moment: String, text: String)] = []
        for line in try text(name).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("## ") {
                moments.append((String(line.dropFirst(3)), ""))
            } else if !moments.isEmpty {
                moments[moments.count - 1].text += line + "\n"
            }
        }
        return moments
    }

    struct Missing: Error { let path: String }
}

/// Changes a text in small ways, always the same ones for one seed.
struct Mutations {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func number(below bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(max(1, bound)))
    }

    /// Some bytes replaced, inserted, removed or the end cut.
    mutating func mutate(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for _ in 0...number(below: 4) where !bytes.isEmpty {
            let position = number(below: bytes.count)
            switch number(below: 4) {
            case 0: bytes[position] = UInt8(number(below: 256))
            case 1: bytes.insert(UInt8(number(below: 128)), at: position)
            case 2: bytes.remove(at: position)
            default: bytes.removeLast(number(below: bytes.count))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
