// A `stick-table` line.

/// What a table is made of.
package struct StickTableDefinition: Sendable {
    /// One word of `store`.
    package struct Stored: Equatable, Sendable {
        package var type: DataType
        /// Milliseconds, of rates; 0 elsewhere.
        package var period: UInt32

        package init(_ type: DataType, period: UInt32 = 0) {
            self.type = type
            self.period = period
        }
    }

    /// The proxy's, or `SECTION/NAME` of a `table` in a `peers` section.
    package var name: String
    package var keyType: KeyType
    /// The most entries.
    package var size: Int
    /// Milliseconds until an untouched entry goes; 0: it stays until its place is needed.
    package var expire: UInt32
    /// A full table takes no new entry, instead of dropping the oldest.
    package var noPurge: Bool
    /// The section whose peers share it.
    package var peers: String?
    /// In the order of their numbers, each type once.
    package var stored: [Stored]

    package init(
        name: String, keyType: KeyType, size: Int, expire: UInt32 = 0, noPurge: Bool = false,
        peers: String? = nil, stored: [Stored] = []
    ) {
        self.name = name
        self.keyType = keyType
        self.size = size
        self.expire = expire
        self.noPurge = noPurge
        self.peers = peers
        self.stored = stored.sorted { $0.type.rawValue < $1.type.rawValue }
    }

    /// Stores one more type without a period, unless it does already.
    package mutating func add(_ type: DataType) {
        guard !stored.contains(where: { $0.type == type }) else { return }
        stored.append(Stored(type))
        stored.sort { $0.type.rawValue < $1.type.rawValue }
    }

    /// The milliseconds that a rate counts; nil where it is not stored.
    package func period(of type: DataType) -> UInt32? { stored.first { $0.type == type }?.period }
}
