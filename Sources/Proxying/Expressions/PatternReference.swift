// Lists of patterns: those of one file are shared by all who name it, and an admin may change any of them.

import ConfigLanguage

/// One list, as `show acl` and `show map` tell of it.
package final class PatternReference {
    /// One pattern, with its value where the list is a map.
    package struct Item {
        /// Unique within the worker, for `show` and to name it.
        package let id: Int
        package let pattern: String
        package var value: String
        var content: ConstantBytes
    }
    /// Nil: written in the configuration.
    package let path: String?
    package let isMap: Bool
    package internal(set) var id = -1
    package internal(set) var items: [Item] = []
    /// Who uses it: `acl 'src' file 'm.cfg' line 11`.
    package internal(set) var users: [String] = []
    /// What a new pattern must be; a list may be used in several ways.
    var uses: [(match: Match, ignoresCase: Bool)] = []
    /// The values that a map's converters give.
    var outputs: [SampleType] = []
    /// Its place in the configuration.
    let number: Int
    /// Rises with every change.
    private(set) var version = 0
    private unowned let book: PatternBook

    init(path: String?, isMap: Bool, number: Int, book: PatternBook) {
        self.path = path
        self.isMap = isMap
        self.number = number
        self.book = book
    }

    /// `entry_cnt`: HAProxy keeps the entries once for each way of matching.
    package var entryCount: Int { items.count * max(1, uses.count) }

    func add(_ pattern: String, _ value: String) {
        items.append(
            Item(id: book.nextItem(), pattern: pattern, value: value, content: ConstantBytes(value.utf8)))
        version += 1
    }

    func noteUse(_ match: Match, ignoresCase: Bool) {
        guard !uses.contains(where: { $0.match == match && $0.ignoresCase == ignoresCase }) else { return }
        uses.append((match, ignoresCase))
    }

    // MARK: The admin

    /// What is wrong with a new pattern or value; nil: it was added.
    package func insert(_ pattern: String, _ value: String = "") -> String? {
        for (match, ignoresCase) in uses {
            if let fault = match.fault(in: pattern, ignoresCase: ignoresCase) { return fault }
        }
        if let fault = fault(of: value) { return fault }
        add(pattern, value)
        return nil
    }

    private func fault(of value: String) -> String? {
        for output in outputs where isMap {
            switch output {
            case .integer where Int64(value) == nil: return "unable to parse '\(value)'"
            case .address where Network.parseIPv4(value[...]) == nil && Network.parseIPv6(value[...]) == nil:
                return "unable to parse '\(value)'"
            default: break
            }
        }
        return nil
    }

    /// Gives all entries of `pattern`, or the one of a number, another value. False: there is none.
    package func set(_ pattern: String, id: Int?, to value: String) -> Result<Bool, PatternFault> {
        if let fault = fault(of: value) { return .failure(PatternFault(text: fault)) }
        var found = false
        for index in items.indices
        where id.map({ items[index].id == $0 }) ?? (items[index].pattern == pattern) {
            items[index].value = value
            items[index].content = ConstantBytes(value.utf8)
            found = true
        }
        version += 1
        return .success(found)
    }

    /// False: there is none.
    package func remove(_ pattern: String, id: Int?) -> Bool {
        let before = items.count
        items.removeAll { item in id.map { item.id == $0 } ?? (item.pattern == pattern) }
        version += 1
        return items.count < before
    }

    /// Removes every pattern.
    package func clear() {
        items = []
        version += 1
    }
}

/// Why a value of a map is none.
package struct PatternFault: Error {
    package let text: String
}

/// All lists of a worker.
package final class PatternBook {
    package private(set) var references: [PatternReference] = []
    private var byPath: [String: PatternReference] = [:]
    private var written: [Int: PatternReference] = [:]
    private var lastItem = 0

    func nextItem() -> Int {
        lastItem += 1
        return lastItem
    }

    private func reference(
        ofFile path: String, isMap: Bool, number: Int, _ lines: [PatternLine]
    ) -> PatternReference {
        // A map and a list may be the same file.
        let key = (isMap ? "map " : "acl ") + path
        if let known = byPath[key] { return known }
        let made = PatternReference(path: path, isMap: isMap, number: number, book: self)
        for line in lines { made.add(line.pattern, line.value) }
        byPath[key] = made
        references.append(made)
        return made
    }

    func reference(forMap map: MapReference) -> PatternReference {
        let reference = reference(ofFile: map.path, isMap: true, number: map.number, map.lines)
        reference.users.append("map at file '\(map.position.file)' line \(map.position.line)")
        if !reference.outputs.contains(map.output) { reference.outputs.append(map.output) }
        return reference
    }

    /// The lists of a criterion: what is written on its line, and its files.
    func references(of criterion: Test.Criterion) -> (own: PatternReference, files: [PatternReference]) {
        let source = criterion.patterns
        let position = criterion.position
        let isKnown = written[source.number] != nil && source.number != 0
        let user = "acl at file '\(position.file)' line \(position.line)"
        var found: [PatternReference] = []
        for file in source.files {
            let reference = reference(ofFile: file.path, isMap: false, number: source.number, file.lines)
            if !isKnown { reference.users.append(user) }
            found.append(reference)
        }
        if let known = written[source.number], source.number != 0 { return (known, found) }
        let own = PatternReference(path: nil, isMap: false, number: source.number, book: self)
        for pattern in source.written { own.add(pattern, "") }
        let keyword = criterion.expression.text.prefix { $0 != "(" && $0 != "," }
        own.users = ["acl '\(keyword)' file '\(position.file)' line \(position.line)"]
        written[source.number] = own
        if source.number != 0 { references.append(own) }
        return (own, found)
    }

    /// Numbers the lists as they stand in the configuration: a file in front of what is written on the same line.
    func settle() {
        references.sort { ($0.number, $0.path == nil ? 1 : 0) < ($1.number, $1.path == nil ? 1 : 0) }
        for (index, reference) in references.enumerated() { reference.id = index }
    }
}
