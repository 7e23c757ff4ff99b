// What the master carries over its own exec, in a memfd: the state, and the numbers of the descriptors that
// survive. Everything is close-on-exec all the time; only what is listed here is spared, and only just before.

import CLinux
import Glibc
import Handover
import Unix

/// The descriptors and sessions of a master, as numbers.
struct MasterHandover {
    struct Session {
        /// Nil for a session that waits for no reload.
        var token: Int?
        var descriptor: Int32
        var upstream: Int32?
        var state: [UInt8]
    }

    private static let kind: UInt8 = 0x4D

    var path = ""
    var nextToken = 0
    var pidFile: String?
    /// The nice value from before the load.
    var usualNice: Int32?
    var listeners: [(key: ListenerKey, descriptor: Int32)] = []
    var channels: [(pid: Int32, descriptor: Int32)] = []
    /// In the order of the command line's `-S`.
    var sockets: [Int32] = []
    var sessions: [Session] = []

    /// Every descriptor that must survive.
    var descriptors: [Int32] {
        listeners.map(\.descriptor) + channels.map(\.descriptor) + sockets
            + sessions.flatMap { [$0.descriptor] + ($0.upstream.map { [$0] } ?? []) }
    }

    /// Writes everything into a new memfd.
    func save(_ state: MasterState) throws(Errno) -> Descriptor {
        var writer = FieldWriter(kind: Self.kind)
        state.write(to: &writer)
        writer.put(path)
        writer.put(nextToken)
        writer.put(optional: pidFile) { $0.put($1) }
        writer.put(optional: usualNice) { $0.put(Int($1)) }
        writer.put(listeners) { writer, listener in
            writer.put(listener.key.description)
            writer.put(Int(listener.descriptor))
        }
        writer.put(channels) { writer, channel in
            writer.put(Int(channel.pid))
            writer.put(Int(channel.descriptor))
        }
        writer.put(sockets) { $0.put(Int($1)) }
        writer.put(sessions) { writer, session in
            writer.put(optional: session.token) { $0.put($1) }
            writer.put(Int(session.descriptor))
            writer.put(optional: session.upstream) { $0.put(Int($1)) }
            writer.put(bytes: session.state)
        }
        let file = Descriptor(owning: try Errno.check(clinux_memfd_create("mwproxy-master")))
        try File.writeAll(file.raw, writer.bytes)
        return file
    }

    /// Reads what the program before the exec has written, and takes the memfd over.
    static func load(
        _ number: Int32, version: String
    ) throws(MessageError) -> (MasterState, MasterHandover) {
        let file = Descriptor(owning: number)
        lseek(file.raw, 0, SEEK_SET)
        guard let bytes = try? File.readAll(file.raw) else { throw .cut }
        var reader = try FieldReader(bytes)
        guard reader.kind == kind else { throw .unknownKind(reader.kind) }
        let state = try MasterState(from: &reader, version: version)
        var handover = MasterHandover()
        handover.path = try reader.text()
        handover.nextToken = try reader.integer()
        handover.pidFile = try reader.optional { reader throws(MessageError) in try reader.text() }
        handover.usualNice = try reader.optional { reader throws(MessageError) in try reader.descriptor() }
        handover.listeners = try reader.list { reader throws(MessageError) in
            (ListenerKey(try reader.text()), try reader.descriptor())
        }
        handover.channels = try reader.list { reader throws(MessageError) in
            (try reader.descriptor(), try reader.descriptor())
        }
        handover.sockets = try reader.list { reader throws(MessageError) in try reader.descriptor() }
        handover.sessions = try reader.list { reader throws(MessageError) in
            let token = try reader.optional { reader throws(MessageError) in try reader.integer() }
            let descriptor = try reader.descriptor()
            let upstream = try reader.optional { reader throws(MessageError) in try reader.descriptor() }
            let state = try reader.byteString()
            return Session(token: token, descriptor: descriptor, upstream: upstream, state: state)
        }
        try reader.end()
        return (state, handover)
    }
}

extension FieldReader {
    /// A descriptor or a pid: 32 bits.
    fileprivate mutating func descriptor() throws(MessageError) -> Int32 {
        Int32(clamping: try integer64())
    }
}
