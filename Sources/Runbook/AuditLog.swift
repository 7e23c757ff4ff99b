// Who did what to a proxy from here, one line of JSON each: when it was asked for, and what came of it. What cannot be
// written down is not done.

import Glibc
import ReloadModel
import RuntimeAPI
import Unix

/// The log at one path.
package struct AuditLog: Sendable {
    /// Where it is: `$XDG_STATE_HOME/reloadtop/audit.log`, or under `~/.local/state`.
    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// The user's own; nil where neither XDG_STATE_HOME nor HOME is set.
    package static var ofUser: AuditLog? {
        func absolute(_ name: String) -> String? {
            ProcessControl.environment(name).flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        let state = absolute("XDG_STATE_HOME") ?? absolute("HOME").map { "\($0)/.local/state" }
        return state.map { AuditLog(path: "\($0)/reloadtop/audit.log") }
    }

    /// Appends the line for something that is about to be done.
    package func noteAsked(_ intervention: Intervention, command: String) throws(Errno) {
        try append(intervention, [.init("event", .string("asked")), .init("command", .string(command))])
    }

    /// Appends the line for what came of it.
    package func noteEnded(_ result: InterventionResult) throws(Errno) {
        try append(
            result.intervention,
            [
                .init("event", .string(result.succeeded ? "done" : "failed")),
                .init("message", .string(result.sentence)),
            ])
    }

    private func append(_ intervention: Intervention, _ members: [JSON.Member]) throws(Errno) {
        try append(action: intervention.kind, target: intervention.title, members)
    }

    /// Appends one line, and syncs it: the time, who, what to whom, and then `members`.
    package func append(action: String, target: String, _ members: [JSON.Member]) throws(Errno) {
        let line = JSON.object(
            [.init("time", .string(CivilTime.text(ofMicroseconds: WallClock.now().microseconds)))]
                + Caller.now().members
                + [.init("action", .string(action)), .init("target", .string(target))] + members
        ).text
        try File.createDirectories(above: path)
        let raw = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        if raw < 0 { throw .last }
        let file = Descriptor(owning: raw)
        // A full disk may have cut the last one short: this one begins a line of its own.
        var last = UInt8(ascii: "\n")
        let size = lseek(file.raw, 0, SEEK_END)
        if size > 0 { _ = pread(file.raw, &last, 1, size - 1) }
        let begin = last == UInt8(ascii: "\n") ? "" : "\n"
        // One write a line: lines of several programs do not mix.
        try File.writeAll(file.raw, (begin + line + "\n").utf8)
        if fsync(file.raw) != 0 { throw .last }
    }
}
