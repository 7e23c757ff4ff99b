// Bytes on their way: memory of our own, so that reading, writing and copying need no bounds-checked detour.

import Glibc

/// A growing run of bytes, filled at the end and drained at the front.
final class ByteBuffer {
    private(set) var base: UnsafeMutableRawPointer
    private(set) var capacity: Int
    private(set) var start = 0
    private(set) var end = 0

    init(capacity: Int) {
        self.capacity = capacity
        base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    @inline(__always) var count: Int { end - start }
    @inline(__always) var isEmpty: Bool { end == start }

    @inline(__always)
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + start, count: end - start) }

    @inline(__always)
    func clear() {
        start = 0
        end = 0
    }

    @inline(__always)
    func drop(_ count: Int) {
        start += count
        if start == end { clear() }
    }

    /// Takes the last bytes back.
    func dropLast(_ count: Int) {
        end -= min(count, self.count)
    }

    @inline(__always)
    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        memcpy(base + end, source, bytes.count)
        end += bytes.count
    }

    @inline(__always)
    func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    func append(byte: UInt8) {
        reserve(1)
        base.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
        end += 1
    }

    /// A decimal number.
    func append(_ number: Int) {
        if number < 0 {
            append(byte: UInt8(ascii: "-"))
            append(-number)
            return
        }
        if number >= 10 { append(number / 10) }
        append(byte: UInt8(48 + number % 10))
    }

    /// A decimal number of at least `width` digits.
    func append(_ number: Int, width: Int) {
        var limit = 10
        for _ in 1..<width { limit *= 10 }
        limit /= 10
        while number < limit && limit > 1 {
            append(byte: 48)
            limit /= 10
        }
        append(number)
    }

    @inline(__always)
    private func reserve(_ more: Int) {
        if end + more > capacity { grow(more) }
    }

    private func grow(_ more: Int) {
        let wanted = max(capacity * 2, end + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
        memcpy(larger, base, end)
        base.deallocate()
        base = larger
        capacity = wanted
    }
}

/// Buffers that wait for their next use, and how much memory all of them hold.
struct BufferStock {
    static let size = 16384
    private static let mostIdle = 64

    private var idle: [ByteBuffer] = []
    /// Buffers in use, by count: each holds one connection's unsent or unread bytes.
    private(set) var inUse = 0

    mutating func take() -> ByteBuffer {
        inUse += 1
        return idle.popLast() ?? ByteBuffer(capacity: Self.size)
    }

    /// A buffer that grew far is freed instead.
    mutating func putBack(_ buffer: ByteBuffer) {
        inUse -= 1
        buffer.clear()
        if buffer.capacity == Self.size && idle.count < Self.mostIdle { idle.append(buffer) }
    }
}
