// What the audit log and the times of the files tell the doctor of the time before it came.

import Doctor
import Observing
import ReloadModel
import RuntimeAPI
import Unix

package enum FormerReloads {
    /// Of the master that was looked at.
    package static func past(_ snapshot: Snapshot) -> AuditedPast {
        let proc = ProcTree()
        let loaded = LoadedConfiguration(proc, master: snapshot.master.pid)
        let files = loaded.entries().value ?? []
        let audit = AuditLog.ofUser
        let master = RunningMaster(
            pid: snapshot.master.pid, program: snapshot.proxy.program, commandLine: "",
            masterSocket: snapshot.proxy.masterSocket)
        // A change of content that was seen is told by itself.
        let drift =
            snapshot.configuration.disk.value == .same
            ? Drift(snapshot, loaded, on: master, audit, proc, asking: false).reason : nil
        return AuditedPast(
            drift: drift,
            formerMaster: audit.flatMap { formerMaster(snapshot, files, $0, proc) })
    }

    /// Another master was reloaded with one of these files, before this one started.
    private static func formerMaster(
        _ snapshot: Snapshot, _ files: [LoadedFile], _ audit: AuditLog, _ proc: ProcTree
    ) -> String? {
        guard let text = try? File.readText(audit.path, limit: 16 << 20) else { return nil }
        let names = Set(files.map(\.place))
        let last = text.split(separator: "\n").lazy.reversed().compactMap { line -> JSON? in
            guard line.contains("\"event\":\"ended\""), let json = try? JSON(parsing: String(line)) else {
                return nil
            }
            return json["file"]?.string.map(names.contains) == true ? json : nil
        }.first
        guard let last, let at = last["time"]?.string,
            let pid = last["target"]?.string?.split(separator: " ").last.flatMap({ Int32($0) }),
            pid != snapshot.master.pid, proc.stat(pid) == nil
        else { return nil }
        return "the last 'reloadtop reload' of this file, at \(at), was of master \(pid), which has gone"
    }
}
