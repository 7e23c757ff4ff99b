// One direction of a stream's body: how much of it is left, and the bytes between the two sockets.

import HTTP1

/// The body that flows from one connection to the other.
struct Flow {
    private(set) var framing = BodyFraming.none
    private(set) var left = 0
    private var chunks = ChunkedBody()
    /// The receiver does not know chunks: only their content is passed on.
    private var dechunks = false
    /// Where the bytes that `take` refused go wrong, and how many they were.
    private(set) var fault: (position: Int, length: Int)?
    /// All of the body was read from its source.
    private(set) var isComplete = true
    /// Bytes that were read and not yet written.
    var pending: ByteBuffer?
    /// Bytes in the kernel between the sockets.
    var pipe: Pipe?
    var piped = 0
    /// The last read filled the whole buffer: more of the kind is coming, so splice pays.
    var isBulk = false

    /// From here on a body goes through the kernel instead of our buffer.
    static let spliceThreshold = 65536

    @inline(__always)
    mutating func begin(_ framing: BodyFraming, dechunks: Bool = false) {
        self.framing = framing
        self.dechunks = dechunks
        isBulk = false
        switch framing {
        case .none: isComplete = true
        case .length(let length):
            left = length
            isComplete = length == 0
        case .chunked:
            chunks = ChunkedBody()
            isComplete = false
        case .untilClose, .tunnel: isComplete = false
        }
    }

    /// Whether everything that was read has also been written.
    @inline(__always) var isFlushed: Bool { pending == nil && piped == 0 }

    /// The source will give no more.
    mutating func endSource() {
        isComplete = true
    }

    /// The end of the source is the end of the body.
    var endsWithSource: Bool {
        switch framing {
        case .untilClose, .tunnel: true
        case .none, .length, .chunked: false
        }
    }

    /// Both sides say what they want, and when they have ended.
    var isTunnel: Bool {
        if case .tunnel = framing { true } else { false }
    }

    /// How many bytes may bypass us.
    @inline(__always)
    var spliceable: Int {
        switch framing {
        case .length: left >= Self.spliceThreshold ? left : 0
        case .untilClose, .tunnel: isBulk ? .max : 0
        case .none, .chunked: 0
        }
    }

    mutating func noteSpliced(_ count: Int) {
        guard case .length = framing else { return }
        left -= count
        if left == 0 { isComplete = true }
    }

    /// Takes what belongs to the body from the front of `bytes`: `output` bytes, moved to the front, are to be
    /// written; `taken` bytes were used up. Nil: it is no valid body.
    @inline(__always)
    mutating func take(_ bytes: UnsafeMutableRawBufferPointer) -> (output: Int, taken: Int)? {
        switch framing {
        case .none: return (0, 0)
        case .length:
            let count = min(left, bytes.count)
            left -= count
            if left == 0 { isComplete = true }
            return (count, count)
        case .untilClose, .tunnel: return (bytes.count, bytes.count)
        case .chunked: return takeChunks(bytes)
        }
    }

    private mutating func takeChunks(_ bytes: UnsafeMutableRawBufferPointer) -> (output: Int, taken: Int)? {
        guard let base = bytes.baseAddress else { return (0, 0) }
        let buffer = UnsafeRawBufferPointer(bytes).assumingMemoryBound(to: UInt8.self)
        let span = buffer.span
        var position = 0
        var output = 0
        while true {
            switch chunks.next(span, from: position) {
            case .data(let count):
                if dechunks && output != position {
                    (base + output).copyMemory(from: base + position, byteCount: count)
                }
                output += count
                position += count
            case .framing(let count):
                if !dechunks { output += count }
                position += count
            case .more: return (output, position)
            case .ended:
                isComplete = true
                return (output, position)
            case .invalid:
                fault = (position + chunks.faultOffset, bytes.count)
                return nil
            }
        }
    }
}
