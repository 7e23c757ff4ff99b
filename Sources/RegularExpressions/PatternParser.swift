// Reads a pattern: alternatives of sequences of atoms with quantifiers.

indirect enum PatternTree {
    case nothing
    case bytes(ByteClass)
    case instruction(RegularExpression.Instruction)
    case sequence([PatternTree])
    case alternatives([PatternTree])
    case group(Int, PatternTree)
    /// `most` nil: without end.
    case repeated(PatternTree, least: Int, most: Int?, isLazy: Bool)
}

struct PatternParser {
    private let bytes: [UInt8]
    private var index = 0
    private var ignoresCase: Bool
    private var depth = 0
    /// Groups so far.
    private(set) var groups = 0

    private static let deepest = 100
    private static let mostRepeats = 1000

    init(_ bytes: [UInt8], ignoresCase: Bool) {
        self.bytes = bytes
        self.ignoresCase = ignoresCase
    }

    typealias Fault = RegularExpression.Fault

    mutating func whole() throws(Fault) -> PatternTree {
        let tree = try alternatives()
        guard index == bytes.count else { throw fault("unmatched closing parenthesis") }
        return tree
    }

    private func fault(_ reason: String) -> Fault { Fault(reason: reason, offset: index) }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ byte: Character) -> Bool {
        guard next == byte.asciiValue else { return false }
        index += 1
        return true
    }

    private mutating func alternatives() throws(Fault) -> PatternTree {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepest else { throw fault("parentheses are too deeply nested") }
        let outerCase = ignoresCase
        defer { ignoresCase = outerCase }
        var parts: [PatternTree] = [try sequence()]
        while take("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .alternatives(parts)
    }

    private mutating func sequence() throws(Fault) -> PatternTree {
        var parts: [PatternTree] = []
        while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            parts.append(try quantified())
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func quantified() throws(Fault) -> PatternTree {
        var tree = try atom()
        while true {
            let least: Int
            let most: Int?
            if take("*") {
                (least, most) = (0, nil)
            } else if take("+") {
                (least, most) = (1, nil)
            } else if take("?") {
                (least, most) = (0, 1)
            } else if let limits = try braces() {
                (least, most) = limits
            } else {
                return tree
            }
            let isLazy = take("?")
            if next == UInt8(ascii: "+") {
                throw fault("possessive quantifiers are not supported by mwproxy")
            }
            tree = .repeated(tree, least: least, most: most, isLazy: isLazy)
        }
    }

    /// `{2}`, `{2,}`, `{2,5}`; nil where the brace stands for itself.
    private mutating func braces() throws(Fault) -> (Int, Int?)? {
        guard next == UInt8(ascii: "{") else { return nil }
        let start = index
        index += 1
        let least = number()
        var most = least
        if take(",") { most = number() }
        let hasComma = index > start && bytes[index - 1] == UInt8(ascii: ",")
        guard let least, take("}") else {
            index = start
            return nil
        }
        if hasComma { most = nil }
        guard least <= Self.mostRepeats, most ?? 0 <= Self.mostRepeats else {
            throw fault("number too big in {} quantifier")
        }
        if let most, most < least { throw fault("numbers out of order in {} quantifier") }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let byte = next, (0x30...0x39).contains(byte) {
            value = min((value ?? 0) * 10 + Int(byte - 0x30), 1_000_000)
            index += 1
        }
        return value
    }

    private mutating func atom() throws(Fault) -> PatternTree {
        guard let byte = next else { return .nothing }
        switch byte {
        case UInt8(ascii: "("): return try group()
        case UInt8(ascii: "["): return .bytes(try set())
        case UInt8(ascii: "."):
            index += 1
            return .bytes(ByteClass([0x0a]).inverted)
        case UInt8(ascii: "^"):
            index += 1
            return .instruction(.start)
        case UInt8(ascii: "$"):
            index += 1
            return .instruction(.end)
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
            throw fault("quantifier does not follow a repeatable item")
        case UInt8(ascii: "{"):
            if try braces() != nil { throw fault("quantifier does not follow a repeatable item") }
        case UInt8(ascii: "\\"): return try escape()
        default: break
        }
        index += 1
        return .bytes(single(byte))
    }

    private func single(_ byte: UInt8) -> ByteClass {
        let set = ByteClass([byte])
        return ignoresCase ? set.withoutCase : set
    }

    private mutating func group() throws(Fault) -> PatternTree {
        index += 1
        var isKept = true
        if take("?") {
            isKept = false
            if take("i") {
                if take(")") {
                    // To the end of the group that it stands in.
                    ignoresCase = true
                    return .nothing
                }
                guard take(":") else { throw fault("unrecognized character after (?") }
                let outer = ignoresCase
                ignoresCase = true
                defer { ignoresCase = outer }
                return try closed(try alternatives())
            }
            guard take(":") else {
                throw fault("groups of the form (?… are not supported by mwproxy, but (?: and (?i)")
            }
        }
        if !isKept { return try closed(try alternatives()) }
        groups += 1
        let number = groups
        return .group(number, try closed(try alternatives()))
    }

    private mutating func closed(_ tree: PatternTree) throws(Fault) -> PatternTree {
        guard take(")") else { throw fault("missing closing parenthesis") }
        return tree
    }

    private static let digits = ByteClass(0x30...0x39)
    private static let word = ByteClass(
        Array(0x30...0x39) + Array(0x41...0x5a) + Array(0x61...0x7a) + [UInt8(ascii: "_")])
    private static let space = ByteClass([9, 10, 11, 12, 13, 32])

    private mutating func escape() throws(Fault) -> PatternTree {
        index += 1
        guard let byte = next else { throw fault("\\ at end of pattern") }
        switch byte {
        case UInt8(ascii: "b"):
            index += 1
            return .instruction(.wordBoundary)
        case UInt8(ascii: "B"):
            index += 1
            return .instruction(.noWordBoundary)
        case UInt8(ascii: "A"):
            index += 1
            return .instruction(.start)
        case UInt8(ascii: "z"), UInt8(ascii: "Z"):
            index += 1
            return .instruction(.end)
        case UInt8(ascii: "1")...UInt8(ascii: "9"):
            throw fault("references back are not supported by mwproxy")
        default:
            let set = try escaped()
            return .bytes(ignoresCase ? set.withoutCase : set)
        }
    }

    /// What stands behind a backslash, as a set.
    private mutating func escaped() throws(Fault) -> ByteClass {
        guard let byte = next else { throw fault("\\ at end of pattern") }
        index += 1
        switch byte {
        case UInt8(ascii: "d"): return Self.digits
        case UInt8(ascii: "D"): return Self.digits.inverted
        case UInt8(ascii: "w"): return Self.word
        case UInt8(ascii: "W"): return Self.word.inverted
        case UInt8(ascii: "s"): return Self.space
        case UInt8(ascii: "S"): return Self.space.inverted
        case UInt8(ascii: "n"): return ByteClass([10])
        case UInt8(ascii: "r"): return ByteClass([13])
        case UInt8(ascii: "t"): return ByteClass([9])
        case UInt8(ascii: "f"): return ByteClass([12])
        case UInt8(ascii: "e"): return ByteClass([27])
        case UInt8(ascii: "x"):
            var value: UInt8 = 0
            for _ in 0..<2 {
                guard let digit = next.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else { break }
                value = value << 4 | UInt8(digit)
                index += 1
            }
            return ByteClass([value])
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a:
            index -= 1
            throw fault("unrecognized character follows \\")
        default: return ByteClass([byte])
        }
    }

    private mutating func set() throws(Fault) -> ByteClass {
        index += 1
        let isInverted = take("^")
        var set = ByteClass()
        var isFirst = true
        while let byte = next {
            if byte == UInt8(ascii: "]") && !isFirst {
                index += 1
                if ignoresCase { set = set.withoutCase }
                return isInverted ? set.inverted : set
            }
            isFirst = false
            if byte == UInt8(ascii: "["), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: ":") {
                set.formUnion(try namedClass())
                continue
            }
            var low = byte
            index += 1
            if byte == UInt8(ascii: "\\") {
                let escaped = try escaped()
                guard let only = escaped.only else {
                    set.formUnion(escaped)
                    continue
                }
                low = only
            }
            guard next == UInt8(ascii: "-"), index + 1 < bytes.count, bytes[index + 1] != UInt8(ascii: "]")
            else {
                set.insert(low)
                continue
            }
            index += 1
            var high = bytes[index]
            index += 1
            if high == UInt8(ascii: "\\") {
                guard let only = try escaped().only else { throw fault("invalid range in character class") }
                high = only
            }
            guard low <= high else { throw fault("range out of order in character class") }
            for byte in low...high { set.insert(byte) }
        }
        throw fault("missing terminating ] for character class")
    }

    private mutating func namedClass() throws(Fault) -> ByteClass {
        let start = index + 2
        guard let end = bytes[start...].firstIndex(of: UInt8(ascii: ":")), end + 1 < bytes.count,
            bytes[end + 1] == UInt8(ascii: "]")
        else { throw fault("unknown POSIX class name") }
        let name = String(decoding: bytes[start..<end], as: UTF8.self)
        let letters = Array(UInt8(0x41)...0x5a) + Array(UInt8(0x61)...0x7a)
        let set: ByteClass
        switch name {
        case "alnum": set = ByteClass(letters + Array(UInt8(0x30)...0x39))
        case "alpha": set = ByteClass(letters)
        case "digit": set = Self.digits
        case "lower": set = ByteClass(0x61...0x7a)
        case "upper": set = ByteClass(0x41...0x5a)
        case "space": set = Self.space
        case "blank": set = ByteClass([9, 32])
        case "xdigit": set = ByteClass("0123456789abcdefABCDEF".utf8)
        case "word": set = Self.word
        case "punct": set = ByteClass("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".utf8)
        case "print": set = ByteClass(0x20...0x7e)
        case "cntrl": set = ByteClass(Array(UInt8(0)...0x1f) + [0x7f])
        default: throw fault("unknown POSIX class name")
        }
        index = end + 2
        return set
    }
}

extension ByteClass {
    /// The one byte of a set of one.
    var only: UInt8? {
        var found: UInt8?
        for byte in UInt8.min...UInt8.max where contains(byte) {
            if found != nil { return nil }
            found = byte
        }
        return found
    }
}
