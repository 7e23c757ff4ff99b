// Regular expressions over bytes, in Perl's notation as far as it can be matched in one pass: what a client sends
// never takes longer than its length times the pattern's. References back and looks around are refused.

/// A pattern, read.
package struct RegularExpression: Sendable {
    /// Why a pattern is none, in the words that HAProxy's users know.
    package struct Fault: Error, Equatable, Sendable {
        package var reason: String
        /// Bytes from the pattern's start.
        package var offset: Int
    }

    enum Instruction: Sendable {
        /// A byte of the class with this number.
        case byte(Int)
        /// Both ways; the first is preferred.
        case split(Int, Int)
        case jump(Int)
        /// Remembers the position: two to a group.
        case save(Int)
        case start, end, wordBoundary, noWordBoundary
        case match
    }

    let program: [Instruction]
    let classes: [ByteClass]
    /// Groups that are kept, the whole match included: at most 10, as `\0` to `\9` name them.
    package let groups: Int

    package init(_ pattern: some Sequence<UInt8>, ignoresCase: Bool = false) throws(Fault) {
        var parser = PatternParser(Array(pattern), ignoresCase: ignoresCase)
        let tree = try parser.whole()
        var assembly = Assembly()
        assembly.add(.save(0))
        try assembly.add(tree)
        assembly.add(.save(1))
        assembly.add(.match)
        program = assembly.program
        classes = assembly.classes
        groups = min(10, parser.groups + 1)
    }

    /// What is wrong with a pattern; nil: nothing.
    package static func fault(in pattern: String, ignoresCase: Bool) -> Fault? {
        do throws(Fault) {
            _ = try RegularExpression(pattern.utf8, ignoresCase: ignoresCase)
            return nil
        } catch {
            return error
        }
    }
}

/// A set of bytes.
struct ByteClass: Equatable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    static func == (one: ByteClass, other: ByteClass) -> Bool { one.words == other.words }

    init() {}

    init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { insert(byte) }
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(byte & 63) & 1 != 0
    }

    mutating func insert(_ byte: UInt8) {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    mutating func formUnion(_ other: ByteClass) {
        words.0 |= other.words.0
        words.1 |= other.words.1
        words.2 |= other.words.2
        words.3 |= other.words.3
    }

    var inverted: ByteClass {
        var result = self
        result.words = (~words.0, ~words.1, ~words.2, ~words.3)
        return result
    }

    /// With the other case of each letter.
    var withoutCase: ByteClass {
        var result = self
        for byte in UInt8(ascii: "a")...UInt8(ascii: "z") {
            if contains(byte) { result.insert(byte & ~0x20) }
            if contains(byte & ~0x20) { result.insert(byte) }
        }
        return result
    }
}

/// The tree of a pattern as instructions.
struct Assembly {
    private(set) var program: [RegularExpression.Instruction] = []
    private(set) var classes: [ByteClass] = []
    private static let longest = 20_000

    mutating func add(_ instruction: RegularExpression.Instruction) { program.append(instruction) }

    mutating func add(_ tree: PatternTree) throws(RegularExpression.Fault) {
        guard program.count < Self.longest else {
            throw RegularExpression.Fault(reason: "regular expression is too large", offset: 0)
        }
        switch tree {
        case .nothing: break
        case .bytes(let set):
            let number = classes.firstIndex(of: set) ?? classes.count
            if number == classes.count { classes.append(set) }
            add(.byte(number))
        case .instruction(let instruction): add(instruction)
        case .sequence(let parts): for part in parts { try add(part) }
        case .group(let number, let content):
            guard number < 10 else { return try add(content) }
            add(.save(number * 2))
            try add(content)
            add(.save(number * 2 + 1))
        case .alternatives(let parts):
            var exits: [Int] = []
            for (index, part) in parts.enumerated() {
                if index == parts.count - 1 {
                    try add(part)
                } else {
                    let split = program.count
                    add(.split(0, 0))
                    try add(part)
                    exits.append(program.count)
                    add(.jump(0))
                    program[split] = .split(split + 1, program.count)
                }
            }
            for exit in exits { program[exit] = .jump(program.count) }
        case .repeated(let content, let least, let most, let isLazy):
            for _ in 0..<least { try add(content) }
            if let most {
                var splits: [Int] = []
                for _ in least..<max(least, most) {
                    splits.append(program.count)
                    add(.split(0, 0))
                    try add(content)
                }
                for split in splits { program[split] = Self.split(split + 1, program.count, isLazy) }
            } else {
                let split = program.count
                add(.split(0, 0))
                try add(content)
                add(.jump(split))
                program[split] = Self.split(split + 1, program.count, isLazy)
            }
        }
    }

    private static func split(_ inside: Int, _ behind: Int, _ isLazy: Bool) -> RegularExpression.Instruction {
        isLazy ? .split(behind, inside) : .split(inside, behind)
    }
}
