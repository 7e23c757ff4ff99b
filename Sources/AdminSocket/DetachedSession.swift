// Sessions over an exec: the master takes them off its loop as descriptors and bytes, and its successor goes on
// with them as if nothing had happened.

import RuntimeAPI
import Unix

/// A session without a loop. Whoever holds it owns the descriptors.
package struct DetachedSession {
    /// The client's connection.
    package var descriptor: Int32
    /// The connection to the process whose reply is being relayed.
    package var upstream: Int32?
    /// Everything else.
    package var state: [UInt8]

    package init(descriptor: Int32, upstream: Int32?, state: [UInt8]) {
        self.descriptor = descriptor
        self.upstream = upstream
        self.state = state
    }
}

/// A session's state could not be read.
package struct DetachedStateError: Error, Equatable {}

extension AdminServer {
    /// Takes all sessions off the loop. The descriptors are close-on-exec as before: clear that to pass them on.
    package func detachAll() -> [DetachedSession] {
        sessions.compactMap { $0.detach() }
    }

    /// Goes on with a detached session, of this process or of the one before the exec. A session that waited for
    /// a later reply waits again: its `PendingReply` is the second value.
    package func attach(_ detached: DetachedSession) throws -> (AdminSession, PendingReply?) {
        let descriptor = Descriptor(owning: detached.descriptor)
        let upstream = detached.upstream.map { UpstreamBox(Descriptor(owning: $0)) }
        var reader = StateReader(detached.state)
        guard let style = SessionSettings.Style(rawValue: UInt8(clamping: try reader.number())),
            let level = CommandLevel(rawValue: try reader.number())
        else { throw DetachedStateError() }
        let timeout = try reader.number()
        let settings = SessionSettings(
            style: style, level: level, timeout: timeout < 0 ? nil : .nanoseconds(Int64(timeout)))
        let session = AdminSession(descriptor, number: nextNumber(), settings: settings, server: self)
        session.isInteractive = try reader.number() != 0
        session.inputEnded = try reader.number() != 0
        let waits = try reader.number() != 0
        let closes = try reader.number() != 0
        session.promptName = try reader.optional()
        session.target = try reader.optional()
        session.payloadLine = try reader.optional()
        session.payload = String(decoding: try reader.bytes(), as: UTF8.self)
        session.input = try reader.bytes()
        session.output = try reader.bytes()
        let unsent = try reader.bytes()
        let count = try reader.number()
        guard count >= 0, count <= AdminSession.longestLine else { throw DetachedStateError() }
        for _ in 0..<count { session.commands.append(String(decoding: try reader.bytes(), as: UTF8.self)) }
        try register(session)
        var pending: PendingReply?
        if waits {
            let reply = PendingReply(session)
            session.phase = .waiting(reply)
            pending = reply
        } else if let descriptor = upstream?.descriptor.take() {
            let upstream = AdminUpstream(owning: descriptor, unsent: unsent)
            do throws(Errno) {
                try upstream.start(on: loop)
            } catch {
                session.end()
                throw error
            }
            upstream.session = session
            session.phase = .relaying(upstream)
        } else if closes {
            session.phase = .closing
        }
        session.advance()
        return (session, pending)
    }
}

/// Holds a descriptor on the way into a session.
private final class UpstreamBox {
    var descriptor: Descriptor?
    init(_ descriptor: consuming Descriptor) { self.descriptor = consume descriptor }
}

extension AdminSession {
    /// Takes the session off its loop; nil when it has ended already. A long reply is finished into memory.
    fileprivate func detach() -> DetachedSession? {
        guard descriptor != nil else { return nil }
        var waits = false
        var closes = false
        var relayed: (descriptor: Int32, unsent: [UInt8])?
        switch phase {
        case .pieces(let next):
            while let piece = next() { output += piece }
            closeReply(blankLine: true)
        case .waiting(let pending):
            pending.abandon()
            waits = true
        case .relaying(let upstream): relayed = upstream.detach(from: server.loop)
        case .closing: closes = true
        case .idle: break
        }
        if case .closing = phase { closes = true }
        server.loop.remove(self)
        server.sessionDetached(self)
        guard let raw = descriptor.take()?.release() else { return nil }
        var writer = StateWriter()
        writer.put(Int(style.rawValue))
        writer.put(level.rawValue)
        writer.put(timeout.map { Int($0.nanoseconds) } ?? -1)
        writer.put(isInteractive ? 1 : 0)
        writer.put(inputEnded ? 1 : 0)
        writer.put(waits ? 1 : 0)
        writer.put(closes ? 1 : 0)
        writer.put(optional: promptName)
        writer.put(optional: target)
        writer.put(optional: payloadLine)
        writer.put(Array(payload.utf8))
        writer.put(input)
        writer.put(Array(unsent))
        writer.put(relayed?.unsent ?? [])
        writer.put(commands.count)
        for command in commands { writer.put(Array(command.utf8)) }
        return DetachedSession(descriptor: raw, upstream: relayed?.descriptor, state: writer.bytes)
    }
}

private struct StateWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ number: Int) {
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    mutating func put(_ other: [UInt8]) {
        put(other.count)
        bytes += other
    }

    mutating func put(optional text: String?) {
        put(text == nil ? 0 : 1)
        if let text { put(Array(text.utf8)) }
    }
}

private struct StateReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func number() throws(DetachedStateError) -> Int {
        guard rest.count >= 8 else { throw DetachedStateError() }
        var value: UInt64 = 0
        for (index, byte) in rest.prefix(8).enumerated() { value |= UInt64(byte) << UInt64(8 * index) }
        rest = rest.dropFirst(8)
        return Int(Int64(bitPattern: value))
    }

    mutating func bytes() throws(DetachedStateError) -> [UInt8] {
        let count = try number()
        guard count >= 0, count <= rest.count else { throw DetachedStateError() }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func optional() throws(DetachedStateError) -> String? {
        try number() == 0 ? nil : String(decoding: try bytes(), as: UTF8.self)
    }
}
