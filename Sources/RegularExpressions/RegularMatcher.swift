// Runs a regular expression over bytes: all ways at once, byte by byte, the preferred way first. Keeps its memory,
// so that a match allocates nothing.

/// A regular expression ready to be asked again and again, by one at a time.
package final class RegularMatcher {
    private let program: [RegularExpression.Instruction]
    private let classes: [ByteClass]
    private let slots: Int
    /// The pattern matches at the start only, if at all.
    private let isAnchored: Bool

    // Two lists of ways: the instruction of each, and its saved positions.
    private var ways: [Int] = []
    private var positions: [Int]
    private var nextWays: [Int] = []
    private var nextPositions: [Int]
    /// The step in which an instruction was entered last.
    private var entered: [Int]
    private var step = 0
    /// The positions of the way that is being followed, and of the best match.
    private var current: [Int]
    package private(set) var match: [Int]

    package init(_ expression: RegularExpression) {
        program = expression.program
        classes = expression.classes
        slots = expression.groups * 2
        if case .start = program[1] { isAnchored = true } else { isAnchored = false }
        positions = Array(repeating: -1, count: program.count * slots)
        nextPositions = positions
        entered = Array(repeating: -1, count: program.count)
        current = Array(repeating: -1, count: slots)
        match = current
        ways.reserveCapacity(program.count)
        nextWays.reserveCapacity(program.count)
    }

    /// The part of the last match that group `number` took; nil: none.
    package func group(_ number: Int) -> Range<Int>? {
        guard number * 2 + 1 < match.count, match[number * 2] >= 0, match[number * 2 + 1] >= 0 else {
            return nil
        }
        return match[number * 2]..<match[number * 2 + 1]
    }

    /// Looks for the first match from `start` on; the groups are kept until the next look.
    package func finds(in text: UnsafeRawBufferPointer, from start: Int = 0) -> Bool {
        ways.removeAll(keepingCapacity: true)
        var found = false
        var index = start
        while true {
            step += 1
            nextWays.removeAll(keepingCapacity: true)
            if !found && (!isAnchored || index == 0) {
                // A new way begins here, behind those that began before.
                swapInto(text, index)
            }
            if ways.isEmpty && (found || isAnchored || index >= text.count) { break }
            step += 1
            var way = 0
            while way < ways.count {
                let instruction = program[ways[way]]
                if case .match = instruction {
                    found = true
                    for slot in 0..<slots { match[slot] = positions[way * slots + slot] }
                    break
                }
                if case .byte(let number) = instruction, index < text.count,
                    classes[number].contains(text[index])
                {
                    for slot in 0..<slots { current[slot] = positions[way * slots + slot] }
                    follow(ways[way] + 1, text, index + 1)
                }
                way += 1
            }
            swap(&ways, &nextWays)
            swap(&positions, &nextPositions)
            if index >= text.count { break }
            index += 1
        }
        return found
    }

    /// Adds a way that begins at `index` to the present ones.
    private func swapInto(_ text: UnsafeRawBufferPointer, _ index: Int) {
        for way in ways { entered[way] = step }
        swap(&ways, &nextWays)
        swap(&positions, &nextPositions)
        for slot in 0..<slots { current[slot] = -1 }
        follow(0, text, index)
        swap(&ways, &nextWays)
        swap(&positions, &nextPositions)
    }

    /// Follows what takes no byte, and lists where bytes are awaited.
    private func follow(_ start: Int, _ text: UnsafeRawBufferPointer, _ index: Int) {
        guard entered[start] != step else { return }
        entered[start] = step
        switch program[start] {
        case .byte, .match:
            let place = nextWays.count
            nextWays.append(start)
            for slot in 0..<slots { nextPositions[place * slots + slot] = current[slot] }
        case .jump(let target): follow(target, text, index)
        case .split(let first, let second):
            follow(first, text, index)
            follow(second, text, index)
        case .save(let slot):
            guard slot < slots else { return follow(start + 1, text, index) }
            let old = current[slot]
            current[slot] = index
            follow(start + 1, text, index)
            current[slot] = old
        case .start: if index == 0 { follow(start + 1, text, index) }
        case .end: if index == text.count { follow(start + 1, text, index) }
        case .wordBoundary: if isBoundary(text, index) { follow(start + 1, text, index) }
        case .noWordBoundary: if !isBoundary(text, index) { follow(start + 1, text, index) }
        }
    }

    private func isBoundary(_ text: UnsafeRawBufferPointer, _ index: Int) -> Bool {
        let before = index > 0 && Self.isWord(text[index - 1])
        let after = index < text.count && Self.isWord(text[index])
        return before != after
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "_"): true
        default: false
        }
    }
}
