// Compares values with the patterns of a list. What is looked up most, exact texts and addresses, is indexed; the
// index is made anew when the list has changed.

import ConfigLanguage
import HTTP1
import RegularExpressions
import Unix

final class PatternMatcher {
    private let reference: PatternReference
    private let match: Match
    private let ignoresCase: Bool
    private var version = -1

    // Made anew as a whole, and only asked otherwise.
    @exclusivity(unchecked) private var texts = TextList()
    @exclusivity(unchecked) private var exact = TextIndex()
    /// Of many beginnings, their lengths, the longest first; each is looked for in `exact`.
    private var lengths: [Int] = []
    @exclusivity(unchecked) private var networks = NetworkIndex([])
    private var numbers: [NumberRange] = []
    private var regulars: [RegularMatcher] = []

    init(_ reference: PatternReference, _ match: Match, ignoresCase: Bool) {
        self.reference = reference
        self.match = match
        self.ignoresCase = ignoresCase
        reference.noteUse(match, ignoresCase: ignoresCase)
    }

    private func index() {
        version = reference.version
        texts = TextList()
        numbers = []
        regulars = []
        exact = TextIndex()
        var networks: [(Network, place: Int)] = []
        for (place, item) in reference.items.enumerated() {
            switch match {
            case .integer, .length: if let range = NumberRange(item.pattern) { numbers.append(range) }
            case .address: if let network = Network(item.pattern) { networks.append((network, place)) }
            case .regular:
                if let expression = try? RegularExpression(item.pattern.utf8, ignoresCase: ignoresCase) {
                    regulars.append(RegularMatcher(expression))
                }
            case .exact: exact.insert(folded(item.pattern), place)
            case .binary:
                if let bytes = Match.bytes(ofHexadecimal: item.pattern) { exact.insert(bytes, place) }
            case .found, .bool: break
            case .beginning, .substring, .directory, .domain, .ending:
                texts.append(folded(item.pattern))
            }
        }
        self.networks = NetworkIndex(networks)
        lengths = []
        if match == .beginning, texts.count > Self.mostOneByOne {
            for place in 0..<texts.count { exact.insert(Array(texts[place]), place) }
            lengths = Set((0..<texts.count).map { texts[$0].count }).sorted(by: >)
        }
    }

    /// So many beginnings are tried one after the other.
    private static let mostOneByOne = 16

    private func folded(_ text: String) -> [UInt8] {
        ignoresCase ? text.utf8.map(\.lowercased) : Array(text.utf8)
    }

    func matches(_ sample: Sample, _ arena: SampleArena) -> Bool {
        switch match {
        case .found: true
        case .bool: reference.items.isEmpty ? sample.isTrue : place(of: sample, arena) != nil
        default: place(of: sample, arena) != nil
        }
    }

    /// What a map says for a value.
    func value(for sample: Sample, _ arena: SampleArena) -> UnsafeRawBufferPointer? {
        place(of: sample, arena).map { reference.items[$0].content.bytes }
    }

    /// The place of the pattern that matches: of the addresses and beginnings the longest, else the first.
    func place(of sample: Sample, _ arena: SampleArena) -> Int? {
        if version != reference.version { index() }
        switch match {
        case .integer:
            guard let number = sample.integer else { return nil }
            return numbers.firstIndex { $0.lowest <= number && number <= $0.highest }
        case .address: return sample.address.flatMap { networks.place(of: $0) }
        case .bool:
            let wanted = sample.isTrue
            return reference.items.firstIndex { ["1", "true", "yes", "on"].contains($0.pattern) == wanted }
        case .found: return reference.items.isEmpty ? nil : 0
        default: break
        }
        guard var text = sample.text(arena) else { return nil }
        switch match {
        case .length:
            let count = Int64(text.count)
            return numbers.firstIndex { $0.lowest <= count && count <= $0.highest }
        case .regular: return regulars.firstIndex { $0.finds(in: text) }
        default: break
        }
        if ignoresCase {
            guard let room = arena.take(text.count) else { return nil }
            for index in 0..<text.count { room[index] = text[index].lowercased }
            text = UnsafeRawBufferPointer(room)
        }
        switch match {
        case .exact, .binary: return exact.place(of: text)
        case .beginning: return longestBeginning(of: text)
        case .ending: return texts.firstPlace { text.ends(with: $0) }
        case .substring: return texts.firstPlace { text.position(of: $0, from: 0) != nil }
        case .directory: return texts.firstPlace { text.hasPart($0, between: Self.directoryDelimiters) }
        case .domain: return texts.firstPlace { text.hasPart($0, between: Self.domainDelimiters) }
        default: return nil
        }
    }

    private static let directoryDelimiters: [UInt8] = Array("/?".utf8)
    private static let domainDelimiters: [UInt8] = Array("/?.:".utf8)

    private func longestBeginning(of text: UnsafeRawBufferPointer) -> Int? {
        if !lengths.isEmpty {
            for length in lengths where length <= text.count {
                let start = UnsafeRawBufferPointer(rebasing: text[..<length])
                if let place = exact.place(of: start) { return place }
            }
            return nil
        }
        var best: Int?
        var length = -1
        for place in 0..<texts.count where text.begins(with: texts[place]) && texts[place].count > length {
            best = place
            length = texts[place].count
        }
        return best
    }
}

extension UnsafeRawBufferPointer {
    func begins(with text: UnsafeRawBufferPointer) -> Bool {
        text.count <= count && same(as: text, at: 0)
    }

    func equals(_ text: UnsafeRawBufferPointer) -> Bool {
        text.count == count && same(as: text, at: 0)
    }

    func ends(with text: UnsafeRawBufferPointer) -> Bool {
        text.count <= count && same(as: text, at: count - text.count)
    }

    @inline(__always)
    fileprivate func same(as text: UnsafeRawBufferPointer, at start: Int) -> Bool {
        for offset in 0..<text.count where self[start + offset] != text[offset] { return false }
        return true
    }

    func position(of text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        while index + text.count <= count {
            if same(as: text, at: index) { return index }
            index += 1
        }
        return nil
    }

    /// Whether `text` stands between delimiters or an end on both sides; delimiters around itself do not count.
    fileprivate func hasPart(_ text: UnsafeRawBufferPointer, between delimiters: [UInt8]) -> Bool {
        var first = 0
        var end = text.count
        while first < end, delimiters.contains(text[first]) { first += 1 }
        while end > first, delimiters.contains(text[end - 1]) { end -= 1 }
        let part = UnsafeRawBufferPointer(rebasing: text[first..<end])
        guard !part.isEmpty else { return false }
        var from = 0
        while let start = position(of: part, from: from) {
            let stop = start + part.count
            if (start == 0 || delimiters.contains(self[start - 1]))
                && (stop == count || delimiters.contains(self[stop]))
            {
                return true
            }
            from = start + 1
        }
        return false
    }
}

extension PatternReference {
    /// What each way of matching finds for a key, for `get map` and `get acl`.
    package func lookups(of key: String) -> [(match: String, ignoresCase: Bool, item: Item?)] {
        let arena = SampleArena()
        let text = ConstantBytes(key.utf8)
        return uses.map { match, ignoresCase in
            let place = PatternMatcher(self, match, ignoresCase: ignoresCase).place(
                of: .text(text.bytes), arena)
            return (match.rawValue, ignoresCase, place.map { items[$0] })
        }
    }
}
