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
    func save(_ state: MasterState, as form: StateForm) throws(Errno) -> Descriptor {
        let file = Descriptor(owning: try Errno.check(clinux_memfd_create("mwproxy-master")))
        try File.writeAll(file.raw, encoded(state, as: form))
        return file
    }

    /// Reads what the program before the exec has written, and takes the memfd over.
    static func load(
        _ number: Int32, version: String
    ) throws(MessageError) -> (MasterState, MasterHandover) {
        let file = Descriptor(owning: number)
        lseek(file.raw, 0, SEEK_SET)
        guard let bytes = try? File.readAll(file.raw) else { throw .cut }
        return try decode(bytes, version: version)
    }

    /// Everything as bytes.
    func encoded(_ state: MasterState, as form: StateForm) -> [UInt8] {
        var writer = FieldWriter(kind: Self.kind, version: form.mark)
        state.write(to: &writer, as: form)
        writer.put(form) { writer in
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
                writer.put(form) { writer in
                    writer.put(optional: session.token) { $0.put($1) }
                    writer.put(Int(session.descriptor))
                    writer.put(optional: session.upstream) { $0.put(Int($1)) }
                    writer.put(bytes: session.state)
                }
            }
        }
        return writer.bytes
    }

    /// What `encoded` made, in whichever form it is.
    static func decode(
        _ bytes: [UInt8], version: String
    ) throws(MessageError) -> (MasterState, MasterHandover) {
        guard let mark = bytes.first else { throw .cut }
        guard let form = StateForm(mark: mark) else { throw .version(found: mark) }
        var reader = try FieldReader(bytes, version: mark)
        guard reader.kind == kind else { throw .unknownKind(reader.kind) }
        let state = try MasterState(from: &reader, as: form, version: version)
        let handover = try reader.fields(form) { reader throws(MessageError) in
            try MasterHandover(fields: &reader, form)
        }
        return (state, handover)
    }
}

extension MasterHandover {
    fileprivate init(fields reader: inout FieldReader, _ form: StateForm) throws(MessageError) {
        path = try reader.text()
        nextToken = try reader.integer()
        pidFile = try reader.optional { reader throws(MessageError) in try reader.text() }
        usualNice = try reader.optional { reader throws(MessageError) in try reader.descriptor() }
        listeners = try reader.list { reader throws(MessageError) in
            (ListenerKey(try reader.text()), try reader.descriptor())
        }
        channels = try reader.list { reader throws(MessageError) in
            (try reader.descriptor(), try reader.descriptor())
        }
        sockets = try reader.list { reader throws(MessageError) in try reader.descriptor() }
        sessions = try reader.list { reader throws(MessageError) in
            try reader.fields(form) { reader throws(MessageError) in
                let token = try reader.optional { reader throws(MessageError) in try reader.integer() }
                let descriptor = try reader.descriptor()
                let upstream = try reader.optional { reader throws(MessageError) in try reader.descriptor() }
                return Session(
                    token: token, descriptor: descriptor, upstream: upstream, state: try reader.byteString())
            }
        }
    }
}

extension FieldReader {
    /// A descriptor or a pid: 32 bits.
    fileprivate mutating func descriptor() throws(MessageError) -> Int32 {
        Int32(clamping: try integer64())
    }
}
