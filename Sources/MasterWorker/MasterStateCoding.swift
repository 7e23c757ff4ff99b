// The state as bytes, to carry it over an exec, in each form that this binary knows: a newer program takes over from an
// older one, and an older one from a newer. One that shares no form is found out before, by the probe.

import Handover
import RuntimeAPI
import Unix

extension MasterState {
    package func write(to writer: inout FieldWriter, as form: StateForm) {
        writer.put(form) { writer in
            writer.put(Int(pid))
            writer.put(startedAt.nanoseconds)
            writer.put(processNumber)
            writer.put(failed)
            writer.put(reloads)
            writer.put(workers) { $0.put($1, as: form) }
            writer.put(optional: load) { $0.put($1, as: form) }
            writer.put(waiting) { $0.put($1, as: form) }
            writer.put(held) { $0.put($1.description) }
            writer.put(reloadLog.json)
            writer.put(startupLog) { $0.put($1) }
        }
    }

    /// `version`: of the program that reads, which new workers will be.
    package init(
        from reader: inout FieldReader, as form: StateForm, version: String
    ) throws(MessageError) {
        self = try reader.fields(form) { reader throws(MessageError) in
            try MasterState(fields: &reader, form, version)
        }
    }

    private init(
        fields reader: inout FieldReader, _ form: StateForm, _ version: String
    ) throws(MessageError) {
        let pid = Int32(clamping: try reader.integer64())
        self.init(pid: pid, startedAt: Instant(nanoseconds: try reader.integer64()), version: version)
        processNumber = try reader.integer()
        failed = try reader.integer()
        reloads = try reader.integer()
        workers = try reader.list { reader throws(MessageError) in
            try reader.fields(form) { reader throws(MessageError) in try reader.worker() }
        }
        load = try reader.optional { reader throws(MessageError) in
            try reader.fields(form) { reader throws(MessageError) in try reader.load(form) }
        }
        waiting = try reader.askers(form)
        held = try reader.list { reader throws(MessageError) in ListenerKey(try reader.text()) }
        let log = try reader.text()
        guard let parsed = try? ReloadLog(parsing: log) else { throw .badField("the log of reloads") }
        history = parsed.attempts
        startupLog = try reader.list { reader throws(MessageError) in try reader.text() }
    }
}

extension FieldWriter {
    /// Fields that a later release may add to, where the form allows it.
    mutating func put(_ form: StateForm, _ fields: (inout FieldWriter) -> Void) {
        switch form {
        case .fixed: fields(&self)
        case .records: put(record: fields)
        }
    }
}

extension FieldReader {
    /// What `put(_: StateForm)` wrote.
    mutating func fields<Value>(
        _ form: StateForm, _ each: (inout FieldReader) throws(MessageError) -> Value
    ) throws(MessageError) -> Value {
        switch form {
        case .fixed: try each(&self)
        case .records: try record(each)
        }
    }
}

extension FieldWriter {
    fileprivate mutating func put(_ worker: WorkerRecord, as form: StateForm) {
        put(form) { writer in
            writer.put(Int(worker.pid))
            writer.put(worker.attempt)
            writer.put(worker.startedAt.nanoseconds)
            writer.put(Int(worker.phase.rawValue))
            writer.put(worker.killAt.nanoseconds)
            writer.put(worker.version)
            writer.put(optional: worker.facts) { writer, facts in
                writer.put(bytes: WorkerMessage.ready(facts).encoded)
            }
        }
    }

    fileprivate mutating func put(_ load: Load, as form: StateForm) {
        put(form) { writer in
            writer.put(load.attempt)
            writer.put(Int(load.step.rawValue))
            writer.put(load.askers) { $0.put($1, as: form) }
            writer.put(load.stepStartedAt.nanoseconds)
        }
    }

    fileprivate mutating func put(_ asker: ReloadAsker, as form: StateForm) {
        put(form) { writer in
            writer.put(asker.request.via)
            writer.put(asker.request.at)
            writer.put(optional: asker.request.pid) { $0.put(Int($1)) }
            writer.put(optional: asker.request.uid) { $0.put(Int($1)) }
            writer.put(optional: asker.token) { $0.put($1) }
        }
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

    fileprivate mutating func load(_ form: StateForm) throws(MessageError) -> Load {
        let attempt = try integer()
        guard let step = Load.Step(rawValue: UInt8(clamping: try integer())) else {
            throw .badField("step of a load")
        }
        let askers = try askers(form)
        return Load(
            attempt: attempt, step: step, askers: askers,
            stepStartedAt: Instant(nanoseconds: try integer64()), deadline: .never)
    }

    fileprivate mutating func askers(_ form: StateForm) throws(MessageError) -> [ReloadAsker] {
        try list { reader throws(MessageError) in
            try reader.fields(form) { reader throws(MessageError) in try reader.asker() }
        }
    }

    private mutating func asker() throws(MessageError) -> ReloadAsker {
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
