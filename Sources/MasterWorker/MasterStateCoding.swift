// The state as bytes, to carry it over an exec. A new program that does not know the version is found out before,
// by the probe.

import Handover
import RuntimeAPI
import Unix

extension MasterState {
    /// The form of the state; a binary takes over only from masters that write the same.
    package static let codingVersion: UInt8 = 3

    package func write(to writer: inout FieldWriter) {
        writer.put(Int(pid))
        writer.put(startedAt.nanoseconds)
        writer.put(processNumber)
        writer.put(failed)
        writer.put(reloads)
        writer.put(workers) { $0.put($1) }
        writer.put(optional: load) { $0.put($1) }
        writer.put(waiting) { $0.put($1) }
        writer.put(held) { $0.put($1.description) }
        writer.put(reloadLog.json)
        writer.put(startupLog) { $0.put($1) }
    }

    /// `version`: of the program that reads, which new workers will be.
    package init(from reader: inout FieldReader, version: String) throws(MessageError) {
        let pid = Int32(clamping: try reader.integer64())
        self.init(pid: pid, startedAt: Instant(nanoseconds: try reader.integer64()), version: version)
        processNumber = try reader.integer()
        failed = try reader.integer()
        reloads = try reader.integer()
        workers = try reader.list { reader throws(MessageError) in try reader.worker() }
        load = try reader.optional { reader throws(MessageError) in try reader.load() }
        waiting = try reader.list { reader throws(MessageError) in try reader.asker() }
        held = try reader.list { reader throws(MessageError) in ListenerKey(try reader.text()) }
        let log = try reader.text()
        guard let parsed = try? ReloadLog(parsing: log) else { throw .badField("the log of reloads") }
        history = parsed.attempts
        startupLog = try reader.list { reader throws(MessageError) in try reader.text() }
    }
}

extension FieldWriter {
    fileprivate mutating func put(_ worker: WorkerRecord) {
        put(Int(worker.pid))
        put(worker.attempt)
        put(worker.startedAt.nanoseconds)
        put(Int(worker.phase.rawValue))
        put(worker.killAt.nanoseconds)
        put(worker.version)
        put(optional: worker.facts) { writer, facts in
            writer.put(bytes: WorkerMessage.ready(facts).encoded)
        }
    }

    fileprivate mutating func put(_ load: Load) {
        put(load.attempt)
        put(Int(load.step.rawValue))
        put(load.askers) { $0.put($1) }
        put(load.stepStartedAt.nanoseconds)
    }

    fileprivate mutating func put(_ asker: ReloadAsker) {
        put(asker.request.via)
        put(asker.request.at)
        put(optional: asker.request.pid) { $0.put(Int($1)) }
        put(optional: asker.request.uid) { $0.put(Int($1)) }
        put(optional: asker.token) { $0.put($1) }
    }
}

extension FieldReader {
    fileprivate mutating func worker() throws(MessageError) -> WorkerRecord {
        let pid = Int32(clamping: try integer64())
        let attempt = try integer()
        let startedAt = Instant(nanoseconds: try integer64())
        guard let phase = WorkerRecord.Phase(rawValue: UInt8(clamping: try integer())) else {
            throw .badField("phase of a worker")
        }
        let killAt = Instant(nanoseconds: try integer64())
        var record = WorkerRecord(
            pid: pid, attempt: attempt, startedAt: startedAt, phase: phase, killAt: killAt,
            version: try text())
        record.facts = try optional { reader throws(MessageError) in
            let bytes = try reader.byteString()
            guard case .ready(let facts) = try WorkerMessage(decoding: bytes) else {
                throw .badField("facts of a worker")
            }
            return facts
        }
        return record
    }

    fileprivate mutating func load() throws(MessageError) -> Load {
        let attempt = try integer()
        guard let step = Load.Step(rawValue: UInt8(clamping: try integer())) else {
            throw .badField("step of a load")
        }
        let askers = try list { reader throws(MessageError) in try reader.asker() }
        return Load(
            attempt: attempt, step: step, askers: askers,
            stepStartedAt: Instant(nanoseconds: try integer64()), deadline: .never)
    }

    fileprivate mutating func asker() throws(MessageError) -> ReloadAsker {
        let via = try text()
        let at = try integer64()
        let pid = try optional { reader throws(MessageError) in Int32(clamping: try reader.integer64()) }
        let uid = try optional { reader throws(MessageError) in
            UInt32(truncatingIfNeeded: try reader.integer64())
        }
        let token = try optional { reader throws(MessageError) in try reader.integer() }
        return ReloadAsker(request: ReloadRequest(via: via, at: at, pid: pid, uid: uid), token: token)
    }
}
