// The JSON form of `show reloads json`, schema 1 (docs/runtime-api.md).

extension ReloadLog {
    /// The schema that this binary writes; readers take any that has the members they need.
    package static let schema: Int64 = 1

    /// One line without the newline.
    package var json: String {
        JSON.object([
            .init("schema", .integer(Self.schema)),
            .init("program", .string("mwproxy")),
            .init("master", .integer(Int64(master))),
            .init("reloads", .integer(Int64(reloads))),
            .init("failed", .integer(Int64(failed))),
            .init("attempts", .array(attempts.map(\.json))),
        ]).text
    }

    /// Reads the reply. Throws where it is no JSON; nil where it is JSON but no reload log.
    package init?(parsing text: some StringProtocol) throws(JSONError) {
        let json = try JSON(parsing: text)
        guard let master = json["master"]?.int32, let reloads = json["reloads"]?.count,
            let failed = json["failed"]?.count, let attempts = json["attempts"]?.array
        else { return nil }
        self.init(
            master: master, reloads: reloads, failed: failed,
            attempts: attempts.compactMap(ReloadAttempt.init))
    }
}

extension ReloadAttempt {
    fileprivate var json: JSON {
        .object([
            .init("attempt", .integer(Int64(attempt))),
            .init("at", .integer(at)),
            .init("time", .string(CivilTime.text(ofMicroseconds: at))),
            .init("result", .string(result.rawValue)),
            .init("reason", .optional(reason, JSON.string)),
            .init("worker", .optional(worker) { .integer(Int64($0)) }),
            .init("requests", .array(requests.map(\.json))),
            .init("phases_ms", .object(phases.map { .init($0.name, .number($0.milliseconds)) })),
            .init("ready_deadline", .optional(readyDeadline, JSON.integer)),
            .init("drains", .array(drains.map(\.json))),
        ])
    }

    fileprivate init?(_ json: JSON) {
        guard let attempt = json["attempt"]?.count, let at = json["at"]?.time,
            let result = json["result"]?.string.flatMap(Result.init(rawValue:))
        else { return nil }
        var phases: [ReloadPhase] = []
        if case .object(let members)? = json["phases_ms"] {
            phases = members.compactMap { member in
                member.value.double.map { ReloadPhase(name: member.name, milliseconds: $0) }
            }
        }
        self.init(
            attempt: attempt, at: at,
            requests: (json["requests"]?.array ?? []).compactMap(ReloadRequest.init),
            result: result, reason: json["reason"]?.string, worker: json["worker"]?.int32, phases: phases,
            readyDeadline: json["ready_deadline"]?.time,
            drains: (json["drains"]?.array ?? []).compactMap(WorkerDrain.init))
    }
}

extension ReloadRequest {
    fileprivate var json: JSON {
        .object([
            .init("via", .string(via)),
            .init("at", .integer(at)),
            .init("pid", .optional(pid) { .integer(Int64($0)) }),
            .init("uid", .optional(uid) { .integer(Int64($0)) }),
        ])
    }

    fileprivate init?(_ json: JSON) {
        guard let via = json["via"]?.string, let at = json["at"]?.time else { return nil }
        let uid = json["uid"]?.integer.flatMap { UInt32(exactly: $0) }
        self.init(via: via, at: at, pid: json["pid"]?.int32, uid: uid)
    }
}

extension WorkerDrain {
    fileprivate var json: JSON {
        .object([
            .init("pid", .integer(Int64(pid))),
            .init("hard_stop", .optional(hardStop, JSON.integer)),
            .init("ended", .optional(ended, JSON.integer)),
            .init("finished", .optional(finished) { .integer(Int64($0)) }),
            .init("cut", .optional(cut) { .integer(Int64($0)) }),
            .init("exit", .optional(exitCode) { .integer(Int64($0)) }),
            .init("moved", .optional(moves) { $0.json }),
        ])
    }

    fileprivate init?(_ json: JSON) {
        guard let pid = json["pid"]?.int32 else { return nil }
        self.init(
            pid: pid, hardStop: json["hard_stop"]?.time, ended: json["ended"]?.time,
            finished: json["finished"]?.count, cut: json["cut"]?.count, exitCode: json["exit"]?.int32,
            moves: json["moved"].flatMap(DrainMoves.init))
    }
}

extension DrainMoves {
    /// More reasons than a worker has to tell.
    private static let mostReasons = 100

    fileprivate var json: JSON {
        .object([
            .init("idle", .integer(Int64(idle))),
            .init("tunnels", .integer(Int64(tunnels))),
            .init("refused", .integer(Int64(refused))),
            .init(
                "stayed",
                .array(
                    stayed.map {
                        .object([
                            .init("reason", .string($0.reason)), .init("count", .integer(Int64($0.count))),
                        ])
                    })),
        ])
    }

    fileprivate init?(_ json: JSON) {
        guard let idle = json["idle"]?.count, let tunnels = json["tunnels"]?.count,
            let refused = json["refused"]?.count, let items = json["stayed"]?.array,
            items.count <= Self.mostReasons
        else { return nil }
        let stayed: [Stayed] = items.compactMap { item in
            guard let reason = item["reason"]?.string, let count = item["count"]?.count else { return nil }
            return Stayed(reason: reason, count: count)
        }
        guard stayed.count == items.count else { return nil }
        self.init(idle: idle, tunnels: tunnels, refused: refused, stayed: stayed)
    }
}

extension JSON {
    fileprivate static func optional<Value>(_ value: Value?, _ make: (Value) -> JSON) -> JSON {
        value.map(make) ?? .null
    }

    /// How many: what no proxy could mean is none, so that sums of them cannot overflow.
    fileprivate var count: Int? { int32.flatMap { $0 >= 0 ? Int($0) : nil } }
    /// Microseconds since 1970 within the years that can be written, so that spans between two cannot overflow.
    fileprivate var time: Int64? { integer.flatMap { (0..<253_402_300_800_000_000).contains($0) ? $0 : nil } }
    fileprivate var int32: Int32? { integer.flatMap { Int32(exactly: $0) } }
}
