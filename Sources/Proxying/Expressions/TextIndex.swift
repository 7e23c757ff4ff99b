// Finds texts by their bytes, without an allocation and without counting references: conditions are asked for every
// request.

/// Texts by number, walked without touching the objects that hold them.
struct TextList: ~Copyable {
    private var owners: [ConstantBytes] = []
    private var texts: [UnsafeRawBufferPointer] = []

    var count: Int { texts.count }
    var isEmpty: Bool { texts.isEmpty }

    @inline(__always)
    subscript(place: Int) -> UnsafeRawBufferPointer { texts[place] }

    mutating func append(_ text: [UInt8]) {
        let owner = ConstantBytes(text)
        owners.append(owner)
        texts.append(owner.bytes)
    }

    @inline(__always)
    func firstPlace(where isWanted: (UnsafeRawBufferPointer) -> Bool) -> Int? {
        for place in 0..<texts.count where isWanted(texts[place]) { return place }
        return nil
    }
}

/// Texts by their bytes: a table with open addressing, asked without an allocation.
struct TextIndex: ~Copyable {
    private var texts = TextList()
    private var places: [Int] = []
    /// Numbers in `texts`, -1 where empty.
    private var slots: [Int] = [-1, -1, -1, -1]

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: bytes)
        return hasher.finalize()
    }

    mutating func insert(_ text: [UInt8], _ place: Int) {
        // The first of equal ones counts.
        if text.withUnsafeBytes({ self.place(of: $0) }) != nil { return }
        texts.append(text)
        places.append(place)
        if texts.count * 2 > slots.count {
            slots = Array(repeating: -1, count: slots.count * 2)
            for number in 0..<texts.count { enter(number) }
        } else {
            enter(texts.count - 1)
        }
    }

    private mutating func enter(_ number: Int) {
        var slot = Self.hash(texts[number]) & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = number
    }

    func place(of text: UnsafeRawBufferPointer) -> Int? {
        if texts.isEmpty { return nil }
        if texts.count <= 4 {
            return texts.firstPlace { text.equals($0) }.map { places[$0] }
        }
        var slot = Self.hash(text) & (slots.count - 1)
        while slots[slot] >= 0 {
            let number = slots[slot]
            if text.equals(texts[number]) { return places[number] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }
}
