// The journal reader on journals that systemd's own tool has written.

import Glibc
import Observing
import ReloadModel
import TestSupport
import Testing
import Unix

@Suite struct JournalTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder("journal-")
    }

    /// Writes `entries` as a journal file.
    private func write(_ entries: [(at: Int64, fields: [String])]) throws {
        let text = entries.map { entry in
            "__REALTIME_TIMESTAMP=\(entry.at)\n__MONOTONIC_TIMESTAMP=\(entry.at % 1_000_000_000)\n"
                + "_BOOT_ID=0123456789abcdef0123456789abcdef\n"
                + entry.fields.map { $0 + "\n" }.joined() + "\n"
        }.joined()
        let export = try folder.write("export.txt", text)
        let made = try Program.run(
            "/usr/lib/systemd/systemd-journal-remote", ["-o", folder.file("test.journal"), export])
        #expect(made.end == .exited(0), "\(made.errors)")
    }

    @Test func linesOfTheUnitComeInTheirOrderWithTheirTime() throws {
        let now = WallClock.now().microseconds
        try write([
            (
                now - 3_000_000,
                ["_SYSTEMD_UNIT=haproxy.service", "MESSAGE=[NOTICE]   (7) : Reloading HAProxy"]
            ),
            (now - 2_500_000, ["_SYSTEMD_UNIT=cron.service", "MESSAGE=not ours"]),
            (now - 2_000_000, ["UNIT=haproxy.service", "MESSAGE=Reloaded haproxy.service."]),
            (
                now - 1_000_000,
                ["_SYSTEMD_UNIT=haproxy.service", "MESSAGE=[WARNING]  (7) : Loading failure!"]
            ),
        ])
        let journal = try Journal(.unit("haproxy"), directory: folder.path)
        let lines = journal.drain()
        #expect(
            lines.map(\.text) == [
                "[NOTICE]   (7) : Reloading HAProxy", "Reloaded haproxy.service.",
                "[WARNING]  (7) : Loading failure!",
            ])
        #expect(lines.map(\.at) == [now - 3_000_000, now - 2_000_000, now - 1_000_000])
        #expect(lines.map(\.isPast) == [true, true, true])
        #expect(journal.drain().isEmpty)
    }

    @Test func withoutAUnitTheProgramsLinesCount() throws {
        let now = WallClock.now().microseconds
        try write([
            (now - 2_000_000, ["SYSLOG_IDENTIFIER=haproxy", "MESSAGE=one"]),
            (now - 1_000_000, ["_COMM=haproxy", "MESSAGE=two"]),
            (now - 1_000_000, ["_COMM=sshd", "MESSAGE=three"]),
        ])
        let journal = try Journal(.program("haproxy"), directory: folder.path)
        #expect(journal.drain().map(\.text) == ["one", "two"])
    }

    @Test func theReasonOfAFailureComesFromTheJournal() throws {
        let watched = try WatchedProxy()
        let began = WallClock.now().microseconds
        try watched.proxy.configure(watched.goodConfiguration + "  bogus word\n")
        watched.proxy.program.signal(SIGUSR2)
        try watched.look(for: "the failure") { $0.master.failedReloads.value == 1 }
        let pid = watched.proxy.master
        func entry(_ after: Int64, _ text: String) -> (at: Int64, fields: [String]) {
            (began + after, ["_SYSTEMD_UNIT=lb.service", "MESSAGE=\(text)"])
        }
        try write([
            entry(1000, "[NOTICE]   (\(pid)) : Reloading HAProxy"),
            entry(9000, "[ALERT]    (\(pid)) : config : parsing [/etc/lb.cfg:29] : unknown keyword 'bogus'"),
            entry(9500, "[WARNING]  (\(pid)) : Loading failure!"),
        ])
        let late = try watched.freshLook(ObserverOptions(journalUnit: "lb", journalDirectory: folder.path))
        let record = try #require(late.reloads.last)
        #expect(record.source == .journal)
        #expect(record.attempt == 1)
        #expect(record.result == .failed)
        #expect(record.reason == "lb.cfg:29: unknown keyword 'bogus'")
        #expect(record.durationMilliseconds == .known(8.5))
        #expect(late.alerts.first?.message.contains("lb.cfg:29") == true)
    }

    /// One look, long after it: systemd has told how the master before ended.
    @Test func aRestartBeforeTheFirstLookComesFromTheJournal() throws {
        let watched = try WatchedProxy()
        let began = WallClock.now().microseconds - Int64(watched.last.master.uptime * 1_000_000)
        func entry(_ before: Int64, _ text: String) -> (at: Int64, fields: [String]) {
            (began - before, ["UNIT=lb.service", "_PID=1", "MESSAGE=\(text)"])
        }
        try write([
            entry(9_000_000_000, "Stopping lb.service - lb..."),
            entry(2_400_000, "lb.service: Main process exited, code=killed, status=9/KILL"),
            entry(300_000, "lb.service: Scheduled restart job, restart counter is at 1."),
            entry(290_000, "Stopped lb.service - lb."),
        ])
        let options = ObserverOptions(journalUnit: "lb", journalDirectory: folder.path)
        let late = try watched.freshLook(options)
        #expect(late.reloads.map(\.result) == [.restart])
        let alert = try #require(late.alerts.first { $0.kind == .restart })
        #expect(
            alert.message.contains("not reloaded: another master ended 2s before")
                && alert.message.contains("'lb.service: Main process exited, code=killed, status=9/KILL'"),
            "\(alert.message)")
        // A reload behind it is a row of its own, with its number.
        watched.proxy.program.signal(SIGUSR2)
        try watched.look(for: "the reload") { $0.reloads.last?.result == .success }
        let later = try watched.freshLook(options)
        #expect(later.reloads.map(\.result) == [.restart, .success])
        #expect(later.reloads.map(\.attempt) == [nil, 1])
    }
}
