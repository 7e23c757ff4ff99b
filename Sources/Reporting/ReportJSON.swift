// The JSON of `--json`: schema 1, documented in docs/json.md. Unknown is null.

import ReloadModel
import RuntimeAPI

/// A snapshot as JSON.
package enum ReportJSON {
    /// One object and a newline.
    package static func object(_ snapshot: Snapshot) -> String { value(snapshot).text + "\n" }

    /// One object; keys in the order of docs/json.md.
    package static func value(_ snapshot: Snapshot) -> JSON {
        object([
            ("schema", .integer(1)), ("time", time(snapshot.time)),
            ("proxy", proxy(snapshot.proxy)), ("master", master(snapshot.master)),
            ("workers", .array(snapshot.workers.map(worker))),
            ("alerts", .array(snapshot.alerts.map(alert))),
            ("reloads", .array(snapshot.reloads.map(reload))), ("limits", limits(snapshot.resources)),
        ])
    }

    private static func proxy(_ proxy: ProxyIdentity) -> JSON {
        object([
            ("program", .string(proxy.program.rawValue)), ("version", text(proxy.version.value)),
            ("master_socket", text(proxy.masterSocket.value)),
        ])
    }

    private static func master(_ master: MasterSample) -> JSON {
        object([
            ("pid", .integer(Int64(master.pid))), ("uptime_s", tenths(master.uptime)),
            ("reloads", integer(master.reloads)), ("failed_reloads", integer(master.failedReloads)),
            ("rss_bytes", integer(master.memory.resident)),
            ("pss_bytes", integer(master.memory.proportional)),
        ])
    }

    private static func worker(_ worker: WorkerSample) -> JSON {
        // Counted before this look: only where a worker does not tell its own count.
        let age = worker.connectionsAge.map { [("connections_age_s", tenths($0))] } ?? []
        return object(
            [
                ("pid", .integer(Int64(worker.pid))), ("state", .string(worker.state.rawValue)),
                ("generation", integer(worker.generation)),
                ("was", worker.was.map { .integer(Int64($0)) } ?? .null),
                ("connections", integer(worker.connections)), ("uptime_s", tenths(worker.uptime)),
                ("rss_bytes", integer(worker.memory.resident)),
                ("pss_bytes", integer(worker.memory.proportional)),
                ("cpu_percent", tenths(worker.cpuPercent.value)), ("kill_in_s", tenths(worker.killIn.value)),
                ("descriptors", integer(worker.descriptors.map(\.used))),
                ("descriptor_limit", integer(worker.descriptors.map(\.limit))),
                ("listening", worker.listening.value.map { .array($0.map { .string($0) }) } ?? .null),
            ] + age)
    }

    private static func limits(_ resources: Resources) -> JSON {
        func use(_ value: Known<ResourceUse>) -> JSON {
            value.value.map { use in
                object([
                    ("used", .integer(Int64(use.used))), ("limit", .integer(Int64(use.limit))),
                    ("scope", .string(use.scope)),
                ])
            } ?? .null
        }
        return object([
            ("memory_bytes", use(resources.memory)), ("descriptors", use(resources.descriptors)),
            ("processes", use(resources.processes)),
        ])
    }

    private static func alert(_ alert: Alert) -> JSON {
        object([
            ("kind", .string(alert.kind.rawValue)), ("severity", .string(alert.severity.rawValue)),
            ("message", .string(alert.message)), ("remedy", text(alert.remedy)),
        ])
    }

    static func object(_ members: [(String, JSON)]) -> JSON {
        .object(members.map { JSON.Member($0, $1) })
    }

    static func time(_ microseconds: Int64) -> JSON {
        .string(CivilTime.text(ofMicroseconds: microseconds))
    }

    static func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }

    static func integer(_ value: Known<Int>) -> JSON {
        value.value.map { .integer(Int64($0)) } ?? .null
    }

    /// A number with one decimal.
    static func tenths(_ value: Double?) -> JSON {
        value.map { .number(($0 * 10).rounded() / 10) } ?? .null
    }
}
