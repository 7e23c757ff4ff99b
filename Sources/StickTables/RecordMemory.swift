// Where the entries of a table lie: records of one size in blocks that never move, so that a table grows without
// copying, and an entry costs little more than its key and its data.
//
//   next (chain of its bucket, or of the free) · older · newer (same slot of the wheel) · expire · uses and marks
//   [update number, where peers share the table] · key · data

/// The places of a record's parts, in bytes from its start.
struct RecordLayout {
    static let next = 0
    static let older = 4
    static let newer = 8
    static let expire = 12
    static let uses = 16
    /// Only where the table is shared.
    static let update = 20

    let key: Int
    /// By number of the data type; -1: not stored.
    let data: [Int]
    /// A bit for each data type that is stored, by its number.
    let stored: UInt32
    /// By number of the data type: the milliseconds that a rate counts; 0 elsewhere.
    let periods: [UInt32]
    /// Whether any number or rate of bytes is stored.
    let storesBytes: Bool
    let size: Int

    init(_ definition: StickTableDefinition) {
        key = definition.peers == nil ? Self.update : Self.update + 4
        var end = (key + definition.keyType.size + 3) & ~3
        var data = [Int](repeating: -1, count: DataType.allCases.count)
        var bits: UInt32 = 0
        var periods = [UInt32](repeating: 0, count: DataType.allCases.count)
        for stored in definition.stored {
            data[stored.type.rawValue] = end
            bits |= 1 << UInt32(stored.type.rawValue)
            periods[stored.type.rawValue] = stored.period
            end += stored.type.size
        }
        self.data = data
        stored = bits
        self.periods = periods
        storesBytes = definition.stored.contains { $0.type.countsBytes }
        size = end
    }
}

/// Blocks of records. It is lent to whoever walks records, never copied: every request does.
struct RecordMemory: ~Copyable {
    /// "No record."
    static let none = UInt32.max
    private static let blockBits: UInt32 = 8
    private static let blockCount = 1 << Int(blockBits)

    private let recordSize: Int
    private var blocks: ContiguousArray<UnsafeMutableRawPointer> = []
    /// Records that were handed out at least once.
    private(set) var count: UInt32 = 0
    private var firstFree = Self.none

    init(recordSize: Int) {
        self.recordSize = recordSize
    }

    deinit {
        for block in blocks { block.deallocate() }
    }

    /// Bytes that the blocks take.
    var byteCount: Int { blocks.count * Self.blockCount * recordSize }

    @inline(__always)
    func record(_ index: UInt32) -> UnsafeMutableRawPointer {
        blocks[Int(index >> Self.blockBits)]
            + Int(index & (1 << Self.blockBits - 1)) &* recordSize
    }

    /// A record full of zeros.
    mutating func take() -> UInt32 {
        let index: UInt32
        if firstFree != Self.none {
            index = firstFree
            firstFree = record(index).load(as: UInt32.self)
        } else {
            index = count
            if Int(count >> Self.blockBits) == blocks.count {
                blocks.append(.allocate(byteCount: Self.blockCount * recordSize, alignment: 8))
            }
            count += 1
        }
        record(index).initializeMemory(as: UInt8.self, repeating: 0, count: recordSize)
        return index
    }

    mutating func giveBack(_ index: UInt32) {
        record(index).storeBytes(of: firstFree, as: UInt32.self)
        record(index).storeBytes(of: Marks.free, toByteOffset: RecordLayout.uses, as: UInt32.self)
        firstFree = index
    }

}

/// The high bits beside a record's number of uses.
enum Marks {
    /// The record is no entry.
    static let free: UInt32 = 1 << 31
    /// The last change came from a peer: no other is told of it as news.
    static let learned: UInt32 = 1 << 30
    static let uses: UInt32 = learned - 1
}
