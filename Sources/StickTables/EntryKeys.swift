// Keys as an entry holds them: addresses and numbers in host order, texts with their length in front.

extension StickTable {
    /// Calls `body` with the bytes under which `key` is found; allocates nothing for any type of key.
    @inline(__always)
    func withBytes<Result>(of key: StickKey, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch key {
        case .ip(let value), .integer(let value):
            return withUnsafeBytes(of: value) { body($0) }
        case .ipv6(let high, let low):
            return withUnsafeBytes(of: (high, low)) { body($0) }
        case .string(let text):
            return text.withUnsafeBytes { withText($0, body) }
        case .binary(let bytes):
            return bytes.withUnsafeBytes { withBinary($0, body) }
        }
    }

    @inline(__always)
    private func withText<Result>(
        _ text: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let size = definition.keyType.size
        return withUnsafeTemporaryAllocation(byteCount: size, alignment: 4) { room in
            room.initializeMemory(as: UInt8.self, repeating: 0)
            let count = min(text.count, size - 2)
            room.storeBytes(of: UInt16(count), as: UInt16.self)
            if count > 0 {
                UnsafeMutableRawBufferPointer(rebasing: room[2...]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: text[..<count]))
            }
            return body(UnsafeRawBufferPointer(room))
        }
    }

    @inline(__always)
    private func withBinary<Result>(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let size = definition.keyType.size
        return withUnsafeTemporaryAllocation(byteCount: size, alignment: 4) { room in
            room.initializeMemory(as: UInt8.self, repeating: 0)
            let count = min(bytes.count, size)
            if count > 0 { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count])) }
            return body(UnsafeRawBufferPointer(room))
        }
    }

    /// A text or bytes where they lie, without a copy of one's own: the key of a table of type string or binary.
    package func findOrInsert(bytes: UnsafeRawBufferPointer, now: Tick) -> Entry? {
        withKey(bytes) { key in find(key, now: now) ?? insert(key, now: now) }
    }

    /// As `findOrInsert(bytes:)`, but makes none.
    package func find(bytes: UnsafeRawBufferPointer, now: Tick) -> Entry? {
        withKey(bytes) { find($0, now: now) }
    }

    private func withKey<Result>(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        if case .string = definition.keyType { return withText(bytes, body) }
        return withBinary(bytes, body)
    }

    /// The key, copied.
    package func key(of entry: Entry) -> StickKey {
        let bytes = memory.record(entry.index) + layout.key
        switch definition.keyType {
        case .ip: return .ip(bytes.load(as: UInt32.self))
        case .integer: return .integer(bytes.load(as: UInt32.self))
        case .ipv6:
            return .ipv6(
                high: bytes.loadUnaligned(as: UInt64.self),
                low: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        case .string:
            let count = Int(bytes.load(as: UInt16.self))
            return .string(Array(UnsafeRawBufferPointer(start: bytes + 2, count: count)))
        case .binary(let length):
            return .binary(Array(UnsafeRawBufferPointer(start: bytes, count: length)))
        }
    }
}
