// Messages as bytes: a version, a kind, then fields. Integers are 64-bit little-endian, strings, lists and records
// carry their length. A message that is cut or has a field out of range is refused whole; fields behind the known ones
// were added by a later release of the same version, and are skipped.

import RuntimeAPI

/// Why bytes are no message.
package enum MessageError: Error, Equatable {
    case version(found: UInt8)
    case unknownKind(UInt8)
    case cut
    case trailingBytes(Int)
    case badField(String)
}

/// The version that this binary writes and reads.
package let messageVersion: UInt8 = 4

/// Writes fields one after the other; also the master's state over an exec is written with it.
package struct FieldWriter {
    /// Version and kind.
    fileprivate static let headSize = 2

    package private(set) var bytes: [UInt8]

    /// `version`: of the message's format; that of master and worker unless told.
    package init(kind: UInt8, version: UInt8 = messageVersion) {
        bytes = [version, kind]
    }

    /// Eight bytes, the lowest first.
    package mutating func put(_ value: Int64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
    /// As eight bytes.
    package mutating func put(_ value: Int) { put(Int64(value)) }
    /// The UTF-8 behind its length.
    package mutating func put(_ text: String) {
        put(bytes: Array(text.utf8))
    }
    /// Bytes behind their number.
    package mutating func put(bytes some: [UInt8]) {
        put(some.count)
        bytes += some
    }
    /// Elements behind their number; `each` writes one.
    package mutating func put<Element>(_ list: [Element], _ each: (inout FieldWriter, Element) -> Void) {
        put(list.count)
        for element in list { each(&self, element) }
    }
    /// Fields that later releases may add to at the end: behind the number of their bytes.
    package mutating func put(record fields: (inout FieldWriter) -> Void) {
        var record = FieldWriter(kind: 0)
        fields(&record)
        put(bytes: Array(record.bytes.dropFirst(Self.headSize)))
    }
    /// A 0, or a 1 and the value.
    package mutating func put<Value>(optional value: Value?, _ each: (inout FieldWriter, Value) -> Void) {
        put(value == nil ? 0 : 1)
        if let value { each(&self, value) }
    }
}

/// Reads what a `FieldWriter` wrote.
package struct FieldReader {
    private let bytes: [UInt8]
    private var position = FieldWriter.headSize

    /// `version`: the only one that is read.
    package init(_ bytes: [UInt8], version: UInt8 = messageVersion) throws(MessageError) {
        guard bytes.count >= FieldWriter.headSize else { throw .cut }
        guard bytes[0] == version else { throw .version(found: bytes[0]) }
        self.bytes = bytes
    }

    private init(record bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
    }

    package var kind: UInt8 { bytes[1] }

    /// What `put(Int64)` wrote.
    package mutating func integer64() throws(MessageError) -> Int64 {
        guard bytes.count - position >= 8 else { throw .cut }
        var value: UInt64 = 0
        for offset in 0..<8 { value |= UInt64(bytes[position + offset]) << UInt64(offset * 8) }
        position += 8
        return Int64(bitPattern: value)
    }
    /// What `put(Int)` wrote.
    package mutating func integer() throws(MessageError) -> Int { Int(try integer64()) }
    /// What `put(String)` wrote; bytes that are no UTF-8 are replaced.
    package mutating func text() throws(MessageError) -> String {
        String(decoding: try byteString(), as: UTF8.self)
    }
    /// What `put(bytes:)` wrote.
    package mutating func byteString() throws(MessageError) -> [UInt8] {
        let count = try integer()
        guard count >= 0, count <= bytes.count - position else { throw .cut }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }
    /// What `put` wrote of a list; `each` reads one.
    package mutating func list<Element>(
        _ each: (inout FieldReader) throws(MessageError) -> Element
    ) throws(MessageError) -> [Element] {
        let count = try integer()
        guard count >= 0, count <= bytes.count - position else { throw .cut }
        var list: [Element] = []
        for _ in 0..<count { list.append(try each(&self)) }
        return list
    }
    /// What `put(record:)` wrote; fields behind those that `each` reads are of a later release, and skipped.
    package mutating func record<Value>(
        _ each: (inout FieldReader) throws(MessageError) -> Value
    ) throws(MessageError) -> Value {
        var record = FieldReader(record: try byteString())
        return try each(&record)
    }
    /// What `put(optional:)` wrote.
    package mutating func optional<Value>(
        _ each: (inout FieldReader) throws(MessageError) -> Value
    ) throws(MessageError) -> Value? {
        try integer() == 0 ? nil : try each(&self)
    }
    /// Throws where something is left.
    package func end() throws(MessageError) {
        if position != bytes.count { throw .trailingBytes(bytes.count - position) }
    }
}

extension MasterMessage {
    package var encoded: [UInt8] {
        var writer: FieldWriter
        switch self {
        case .start(let assignment):
            writer = FieldWriter(kind: 1)
            writer.put(assignment.attempt)
            writer.put(assignment.processNumber)
            writer.put(assignment.olderWorkers) { $0.put(Int($1)) }
            writer.put(optional: assignment.servingNice) { $0.put(Int($1)) }
        case .listeners(let keys):
            writer = FieldWriter(kind: 2)
            writer.put(keys) { $0.put($1.description) }
        case .begin:
            writer = FieldWriter(kind: 3)
        case .drain(let removed):
            writer = FieldWriter(kind: 4)
            writer.put(removed) { $0.put($1.description) }
        case .admin(let level):
            writer = FieldWriter(kind: 5)
            writer.put(Int(level.rawValue))
        case .predecessor(let teachesAll):
            writer = FieldWriter(kind: 6)
            writer.put(teachesAll ? 1 : 0)
        case .successor(let teachesAll):
            writer = FieldWriter(kind: 7)
            writer.put(teachesAll ? 1 : 0)
        case .departures: writer = FieldWriter(kind: 8)
        case .arrivals: writer = FieldWriter(kind: 9)
        }
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(MessageError) {
        var reader = try FieldReader(bytes)
        switch reader.kind {
        case 1:
            let attempt = try reader.integer()
            let number = try reader.integer()
            let pids = try reader.list { reader throws(MessageError) in
                Int32(clamping: try reader.integer64())
            }
            self = .start(
                Assignment(
                    attempt: attempt, processNumber: number, olderWorkers: pids,
                    servingNice: try reader.optional { reader throws(MessageError) in
                        Int32(clamping: try reader.integer64())
                    }))
        case 2: self = .listeners(try reader.keys())
        case 3: self = .begin
        case 4: self = .drain(removed: try reader.keys())
        case 5:
            let number = try reader.integer()
            guard let level = UInt8(exactly: number).flatMap(AdminLevel.init(rawValue:)) else {
                throw .badField("admin level \(number)")
            }
            self = .admin(level)
        case 6: self = .predecessor(teachesAll: try reader.integer() != 0)
        case 7: self = .successor(teachesAll: try reader.integer() != 0)
        case 8: self = .departures
        case 9: self = .arrivals
        case let kind: throw .unknownKind(kind)
        }
    }
}

extension WorkerMessage {
    package var encoded: [UInt8] {
        var writer: FieldWriter
        switch self {
        case .log(let severity, let text):
            writer = FieldWriter(kind: 1)
            writer.put(Int(severity.rawValue))
            writer.put(text)
        case .listeners(let keys):
            writer = FieldWriter(kind: 2)
            writer.put(keys) { $0.put($1.description) }
        case .ready(let facts):
            writer = FieldWriter(kind: 3)
            writer.put(optional: facts.hardStopAfter) { $0.put($1) }
            writer.put(facts.maxReloads)
            writer.put(facts.readyTimeout)
            writer.put(optional: facts.pidFile) { $0.put($1) }
            writer.put(facts.exitOnFailure ? 1 : 0)
            writer.put(facts.sharesTables ? 1 : 0)
            writer.put(facts.takesConnections ? 1 : 0)
            writer.put(facts.listeners) { $0.put($1.description) }
        case .draining:
            writer = FieldWriter(kind: 4)
        case .ended(let summary):
            writer = FieldWriter(kind: 5)
            writer.put(summary.finished)
            writer.put(summary.cut)
            writer.put(summary.moves)
        case .moved(let moves):
            writer = FieldWriter(kind: 6)
            writer.put(moves)
        }
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(MessageError) {
        var reader = try FieldReader(bytes)
        switch reader.kind {
        case 1:
            let number = try reader.integer()
            guard let severity = UInt8(exactly: number).flatMap(LogSeverity.init(rawValue:)) else {
                throw .badField("severity \(number)")
            }
            self = .log(severity, try reader.text())
        case 2: self = .listeners(try reader.keys())
        case 3:
            let hardStop = try reader.optional { reader throws(MessageError) in try reader.integer64() }
            let maxReloads = try reader.integer()
            let readyTimeout = try reader.integer64()
            let pidFile = try reader.optional { reader throws(MessageError) in try reader.text() }
            self = .ready(
                WorkerFacts(
                    hardStopAfter: hardStop, maxReloads: maxReloads, readyTimeout: readyTimeout,
                    pidFile: pidFile, exitOnFailure: try reader.integer() != 0,
                    sharesTables: try reader.integer() != 0,
                    takesConnections: try reader.integer() != 0,
                    listeners: try reader.keys()))
        case 4: self = .draining
        case 5:
            self = .ended(
                DrainSummary(
                    finished: try reader.integer(), cut: try reader.integer(), moves: try reader.moves()))
        case 6: self = .moved(try reader.moves())
        case let kind: throw .unknownKind(kind)
        }
    }
}

extension FieldWriter {
    fileprivate mutating func put(_ moves: DrainMoves) {
        put(moves.idle)
        put(moves.tunnels)
        put(moves.refused)
        put(moves.stayed) { writer, stayed in
            writer.put(stayed.reason)
            writer.put(stayed.count)
        }
    }
}

extension FieldReader {
    fileprivate mutating func moves() throws(MessageError) -> DrainMoves {
        DrainMoves(
            idle: try integer(), tunnels: try integer(), refused: try integer(),
            stayed: try list { reader throws(MessageError) in
                DrainMoves.Stayed(reason: try reader.text(), count: try reader.integer())
            })
    }

    fileprivate mutating func keys() throws(MessageError) -> [ListenerKey] {
        try list { reader throws(MessageError) in ListenerKey(try reader.text()) }
    }
}
