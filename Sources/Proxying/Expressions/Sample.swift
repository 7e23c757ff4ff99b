// A value of an expression, and what it is as another type. Texts lie where they were found: in the head, in the
// configuration or in the arena, and are good until the next evaluation.

import ConfigLanguage
import Glibc
import StickTables
import Unix

enum Sample {
    case bool(Bool)
    case integer(Int64)
    case ipv4(UInt32)
    case ipv6(high: UInt64, low: UInt64)
    case text(UnsafeRawBufferPointer)
}

/// Memory for texts that an evaluation makes: taken piece by piece, given back at once.
final class SampleArena {
    private static let size = 65536
    private let base = UnsafeMutableRawPointer.allocate(byteCount: SampleArena.size, alignment: 16)
    private var used = 0

    deinit { base.deallocate() }

    func reset() { used = 0 }

    /// Nil: too long.
    func take(_ count: Int) -> UnsafeMutableRawBufferPointer? {
        guard count <= Self.size - used else { return nil }
        defer { used += count }
        return UnsafeMutableRawBufferPointer(start: base + used, count: count)
    }

    func copy(_ text: String) -> UnsafeRawBufferPointer? {
        var text = text
        return text.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
    }

    func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard let room = take(bytes.count) else { return nil }
        room.copyMemory(from: bytes)
        return UnsafeRawBufferPointer(room)
    }

    /// A number in decimal digits.
    func decimal(_ number: Int64) -> UnsafeRawBufferPointer? {
        guard let room = take(20) else { return nil }
        var place = 20
        var rest = number.magnitude
        repeat {
            place -= 1
            room[place] = UInt8(48 + rest % 10)
            rest /= 10
        } while rest > 0
        if number < 0 {
            place -= 1
            room[place] = UInt8(ascii: "-")
        }
        return UnsafeRawBufferPointer(rebasing: room[place...])
    }
}

/// Bytes of the configuration at a place that never moves.
final class ConstantBytes {
    let bytes: UnsafeRawBufferPointer

    init(_ content: some Collection<UInt8>) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, content.count), alignment: 1)
        room.copyBytes(from: content)
        bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<content.count])
    }

    deinit { bytes.deallocate() }
}

extension Sample {
    init?(_ address: SocketAddress) {
        switch address.unmapped {
        case .ipv4(let host, _): self = .ipv4(host)
        case .ipv6(let high, let low, _, _): self = .ipv6(high: high, low: low)
        case .unix, .abstract: return nil
        }
    }

    /// HAProxy's bytes of it: numbers and addresses in network order, 8 bytes of a number.
    func bytes(_ arena: SampleArena) -> UnsafeRawBufferPointer? {
        switch self {
        case .text(let bytes): bytes
        case .bool(let value): withUnsafeBytes(of: Int64(value ? 1 : 0).bigEndian) { arena.copy($0) }
        case .integer(let number): withUnsafeBytes(of: number.bigEndian) { arena.copy($0) }
        case .ipv4(let host): withUnsafeBytes(of: host.bigEndian) { arena.copy($0) }
        case .ipv6(let high, let low):
            withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { arena.copy($0) }
        }
    }

    func text(_ arena: SampleArena) -> UnsafeRawBufferPointer? {
        switch self {
        case .text(let bytes): return bytes
        case .bool(let value): return arena.decimal(value ? 1 : 0)
        case .integer(let number): return arena.decimal(number)
        case .ipv4(let host):
            return arena.take(SocketAddress.longestIPv4Text).map { SocketAddress.write(ipv4: host, to: $0) }
        case .ipv6(let high, let low):
            return arena.copy(SocketAddress.ipv6(high: high, low: low, port: 0, scope: 0).host)
        }
    }

    var integer: Int64? {
        switch self {
        case .bool(let value): return value ? 1 : 0
        case .integer(let number): return number
        case .ipv4(let host): return Int64(host)
        case .ipv6: return nil
        case .text(let bytes): return Self.leadingNumber(bytes)
        }
    }

    /// The digits at the beginning, as HAProxy takes them.
    private static func leadingNumber(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        var index = 0
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative { index = 1 }
        guard index < bytes.count, bytes[index] &- 48 < 10 else { return nil }
        var value: Int64 = 0
        while index < bytes.count, bytes[index] &- 48 < 10 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow, product <= .max - 9 else { return nil }
            value = product + Int64(bytes[index] - 48)
            index += 1
        }
        return isNegative ? -value : value
    }

    /// Itself where it is an address, or the address that a text or number means.
    var address: Sample? {
        switch self {
        case .ipv4, .ipv6: return self
        case .integer(let number): return UInt32(exactly: number).map { .ipv4($0) }
        case .bool: return nil
        case .text(let bytes):
            guard bytes.count <= 45 else { return nil }
            let text = String(decoding: bytes, as: UTF8.self)
            if let host = Network.parseIPv4(text[...]) { return .ipv4(host) }
            return Network.parseIPv6(text[...]).map { .ipv6(high: $0.high, low: $0.low) }
        }
    }

    var isTrue: Bool {
        if case .bool(let value) = self { return value }
        return integer.map { $0 != 0 } ?? false
    }
}

extension StickTable {
    /// The entry of a value, made where asked for; nil: none, or the value is no key of this table.
    func entry(of sample: Sample, inserting: Bool, _ arena: SampleArena, now: Tick) -> Entry? {
        let key: StickKey
        switch definition.keyType {
        case .ip:
            switch sample.address {
            case .ipv4(let host): key = .ip(host)
            case .ipv6(0, let low) where low >> 32 == 0xFFFF: key = .ip(UInt32(truncatingIfNeeded: low))
            default: return nil
            }
        case .ipv6:
            switch sample.address {
            case .ipv4(let host): key = .ipv6(high: 0, low: 0xFFFF_0000_0000 | UInt64(host))
            case .ipv6(let high, let low): key = .ipv6(high: high, low: low)
            default: return nil
            }
        case .integer:
            guard let number = sample.integer else { return nil }
            key = .integer(UInt32(truncatingIfNeeded: number))
        case .string, .binary:
            guard let bytes = sample.keyBytes(for: definition.keyType, arena) else { return nil }
            return inserting ? findOrInsert(bytes: bytes, now: now) : find(bytes: bytes, now: now)
        }
        return inserting ? findOrInsert(key, now: now) : find(key, now: now)
    }
}

extension Sample {
    /// A text, or for a binary table the bytes of an address or number in network order.
    fileprivate func keyBytes(for type: KeyType, _ arena: SampleArena) -> UnsafeRawBufferPointer? {
        guard case .binary = type else { return text(arena) }
        func store<Number: FixedWidthInteger>(_ numbers: Number...) -> UnsafeRawBufferPointer? {
            let size = MemoryLayout<Number>.size
            guard let room = arena.take(numbers.count * size) else { return nil }
            for (index, number) in numbers.enumerated() {
                withUnsafeBytes(of: number.bigEndian) { bytes in
                    UnsafeMutableRawBufferPointer(rebasing: room[(index * size)...]).copyMemory(from: bytes)
                }
            }
            return UnsafeRawBufferPointer(room)
        }
        switch self {
        case .text(let bytes): return bytes
        case .ipv4(let host): return store(host)
        case .ipv6(let high, let low): return store(high, low)
        case .integer(let number): return store(number)
        case .bool(let value): return store(Int64(value ? 1 : 0))
        }
    }
}
