// Converters at work.

import ConfigLanguage
import RuntimeAPI
import StickTables
import Unix

enum CompiledConverter {
    case plain(Converter)
    case suffix(ConstantBytes)
    case inTable(StickTable)
    case table(TableReading, StickTable, fallback: Int64?)
    case map(PatternMatcher, output: SampleType, fallback: ConstantBytes?)
    case nothing

    init(_ converter: Converter, _ names: ExpressionNames) {
        switch converter {
        case .inTable(let table): self = names.table(table).map { .inTable($0) } ?? .nothing
        case .table(let reading, let table, let fallback):
            self = names.table(table).map { .table(reading, $0, fallback: fallback) } ?? .nothing
        case .map(let map):
            let reference = names.core.patterns.reference(forMap: map)
            self = .map(
                PatternMatcher(reference, map.match, ignoresCase: false), output: map.output,
                fallback: map.fallback.map { ConstantBytes($0) })
        case .concat(let text): self = .suffix(ConstantBytes(text))
        default: self = .plain(converter)
        }
    }

    func value(of sample: Sample, in scene: Scene) -> Sample? {
        let arena = scene.core.arena
        switch self {
        case .plain(let converter): return plain(converter, sample, scene)
        case .suffix(let suffix):
            guard let text = sample.text(arena), let room = arena.take(text.count + suffix.bytes.count) else {
                return nil
            }
            room.copyMemory(from: text)
            UnsafeMutableRawBufferPointer(rebasing: room[text.count...]).copyMemory(from: suffix.bytes)
            return .text(UnsafeRawBufferPointer(room))
        case .inTable(let table):
            return .bool(table.entry(of: sample, inserting: false, arena, now: scene.now) != nil)
        case .table(let reading, let table, let fallback):
            let entry = table.entry(of: sample, inserting: false, arena, now: scene.now)
            return reading.value(of: entry, in: table, now: scene.now) ?? fallback.map { .integer($0) }
        case .map(let matcher, let output, let fallback):
            guard let value = matcher.value(for: sample, arena) ?? fallback?.bytes else { return nil }
            switch output {
            case .integer: return Sample.text(value).integer.map { .integer($0) }
            case .address: return Sample.text(value).address
            case .text, .bool: return .text(value)
            }
        case .nothing: return nil
        }
    }

    private func plain(_ converter: Converter, _ sample: Sample, _ scene: Scene) -> Sample? {
        let arena = scene.core.arena
        switch converter {
        case .boolean: return .bool(sample.isTrue)
        case .negate: return .bool(!sample.isTrue)
        case .integerOperation(let operation, let operand):
            guard let one = sample.integer else { return nil }
            let other: Int64
            switch operand {
            case .number(let number): other = number
            case .variable(let variable):
                guard let number = scene.value(of: variable)?.integer else { return nil }
                other = number
            }
            return operation.result(one, other).map { .integer($0) }
        case .addressMask(let ipv4, let ipv6):
            switch sample.address {
            case .ipv4(let host): return .ipv4(host & ipv4)
            case .ipv6(let high, let low): return .ipv6(high: high & ipv6.high, low: low & ipv6.low)
            default: return nil
            }
        case .hex:
            guard let bytes = sample.bytes(arena), let room = arena.take(bytes.count * 2) else { return nil }
            let digits: StaticString = "0123456789ABCDEF"
            for (index, byte) in bytes.enumerated() {
                room[index * 2] = digits.utf8Start[Int(byte >> 4)]
                room[index * 2 + 1] = digits.utf8Start[Int(byte & 15)]
            }
            return .text(UnsafeRawBufferPointer(room))
        case .base64:
            guard let bytes = sample.bytes(arena), let room = arena.take(Base64.length(of: bytes.count))
            else { return nil }
            Base64.write(bytes, to: room)
            return .text(UnsafeRawBufferPointer(room))
        default: break
        }
        guard let text = sample.text(arena) else { return nil }
        switch converter {
        case .lower: return mapped(text, arena) { $0 &- 65 < 26 ? $0 | 0x20 : $0 }
        case .upper: return mapped(text, arena) { $0 &- 97 < 26 ? $0 & ~0x20 : $0 }
        case .length: return .integer(Int64(text.count))
        case .field(let number, let delimiters, let count):
            return Self.fields(text, number, delimiters, count, skipsEmpty: false).map { .text($0) }
        case .word(let number, let delimiters, let count):
            return Self.fields(text, number, delimiters, count, skipsEmpty: true).map { .text($0) }
        case .base64Decode:
            return Base64.bytes(String(decoding: text, as: UTF8.self))
                .flatMap { $0.withUnsafeBytes { arena.copy($0) } }.map { .text($0) }
        case .urlDecode(let isForm): return Self.decoded(text, isForm: isForm, arena).map { .text($0) }
        case .bytes(let offset, let length):
            guard offset >= 0, offset < text.count else {
                return .text(UnsafeRawBufferPointer(rebasing: text[..<0]))
            }
            let end = length.map { min(text.count, offset + max(0, $0)) } ?? text.count
            return .text(UnsafeRawBufferPointer(rebasing: text[offset..<end]))
        case .crc32:
            var crc: UInt32 = ~0
            for byte in text {
                crc ^= UInt32(byte)
                for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xEDB8_8320 }
            }
            return .integer(Int64(~crc))
        default: return nil
        }
    }

    private func mapped(
        _ text: UnsafeRawBufferPointer, _ arena: SampleArena, _ change: (UInt8) -> UInt8
    ) -> Sample? {
        guard let room = arena.take(text.count) else { return nil }
        for index in 0..<text.count { room[index] = change(text[index]) }
        return .text(UnsafeRawBufferPointer(room))
    }

    /// Part `number` between delimiters, or `count` parts from there on (0: all); from the end where negative.
    static func fields(
        _ text: UnsafeRawBufferPointer, _ number: Int, _ delimiters: [UInt8], _ count: Int, skipsEmpty: Bool
    ) -> UnsafeRawBufferPointer? {
        let isReversed = number < 0
        let wanted = number.magnitude
        if wanted == 0 { return text }
        var found: UInt = 0
        var first: Range<Int>?
        var last: Range<Int>?
        func take(_ part: Range<Int>) -> Bool {
            if part.isEmpty && skipsEmpty { return true }
            found += 1
            guard found >= wanted else { return true }
            if first == nil { first = part }
            last = part
            return count == 0 || found < wanted + UInt(count) - 1
        }
        if isReversed {
            var end = text.count
            while true {
                var start = end
                while start > 0, !delimiters.contains(text[start - 1]) { start -= 1 }
                guard take(start..<end), start > 0 else { break }
                end = start - 1
            }
        } else {
            var start = 0
            while true {
                var end = start
                while end < text.count, !delimiters.contains(text[end]) { end += 1 }
                guard take(start..<end), end < text.count else { break }
                start = end + 1
            }
        }
        guard let first, let last else { return nil }
        let range = min(first.lowerBound, last.lowerBound)..<max(first.upperBound, last.upperBound)
        return UnsafeRawBufferPointer(rebasing: text[range])
    }

    /// `%XX` as bytes; nil where two digits are missing.
    private static func decoded(
        _ text: UnsafeRawBufferPointer, isForm: Bool, _ arena: SampleArena
    ) -> UnsafeRawBufferPointer? {
        guard let room = arena.take(text.count) else { return nil }
        var index = 0
        var end = 0
        var isQuery = isForm
        while index < text.count {
            var byte = text[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < text.count, let high = digit(text[index + 1]),
                    let low = digit(text[index + 2])
                else {
                    return nil
                }
                byte = high << 4 | low
                index += 2
            } else if byte == UInt8(ascii: "?") {
                isQuery = true
            } else if byte == UInt8(ascii: "+"), isQuery {
                byte = 0x20
            }
            room[end] = byte
            end += 1
            index += 1
        }
        return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<end])
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

extension Converter.IntegerOperation {
    /// What is too large stays at the most, as in HAProxy.
    func result(_ one: Int64, _ other: Int64) -> Int64? {
        switch self {
        case .add:
            let (sum, overflow) = one.addingReportingOverflow(other)
            return overflow ? (one < 0 ? .min : .max) : sum
        case .sub:
            let (difference, overflow) = one.subtractingReportingOverflow(other)
            return overflow ? (one < 0 ? .min : .max) : difference
        case .mul:
            let (product, overflow) = one.multipliedReportingOverflow(by: other)
            return overflow ? ((one < 0) == (other < 0) ? .max : .min) : product
        case .div: return other == 0 ? .max : one.dividedReportingOverflow(by: other).partialValue
        case .mod: return other == 0 ? .max : one.remainderReportingOverflow(dividingBy: other).partialValue
        case .and: return one & other
        case .or: return one | other
        case .xor: return one ^ other
        }
    }
}
