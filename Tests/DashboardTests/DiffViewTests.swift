// View 4: the change of each reload, of the disk, and what is said where nothing is known.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct DiffViewTests {
    private static let first = """
        global
            hard-stop-after 30m
        userlist ops
            user bob insecure-password old
        defaults
            mode http
        frontend web
            bind :80

        """

    private static func version(
        _ text: String, minutesAgo: Int64, attempt: Int?, _ result: ReloadRecord.Result
    ) -> ConfigurationVersion {
        let file = ConfigurationFile(
            path: "/etc/haproxy/edge.cfg", bytes: Array(text.utf8), modifiedAt: minutesAgo)
        return ConfigurationVersion(
            at: Fixture.now - minutesAgo * 60_000_000, attempt: attempt, files: .known([file]), result: result
        )
    }

    private static var record: ConfigurationRecord {
        let second = first.replacing("password old", with: "password new").replacing("30m", with: "45m")
        let broken = second.replacing("bind :80", with: "bindd :80")
        let later = ConfigurationFile(
            path: "/etc/haproxy/edge.cfg", bytes: Array((second + "    bind :81\n").utf8), modifiedAt: 9)
        return ConfigurationRecord(
            versions: [
                version(first, minutesAgo: 60, attempt: nil, .success),
                version(second, minutesAgo: 20, attempt: 28, .success),
                version(broken, minutesAgo: 5, attempt: 29, .failed),
            ], inForce: .known(1), disk: .known(.differs(["/etc/haproxy/edge.cfg"], files: [later])))
    }

    private func state(_ record: ConfigurationRecord, _ columns: Int = 80, _ rows: Int = 24) -> State {
        var snapshot = Fixture.snapshot(Fixture.workers)
        snapshot.configuration = record
        var state = Fixture.state(snapshot, columns, rows)
        state.press(.character("4"))
        return state
    }

    @Test func whatLiesOnTheDiskComesFirst() {
        expectScreen(state(Self.record), is: "diff-disk-80x24")
    }

    @Test func eachReloadAgainstWhatRanBefore() {
        var state = state(Self.record)
        state.press(.left)
        expectScreen(state, is: "diff-failed-80x24")
        state.press(.left)
        expectScreen(state, is: "diff-reload-80x24")
        state.press(.left, .left)
        #expect(state.diff.back == 2)
        state.press(.right, .right, .right)
        #expect(state.diff.back == 0)
    }

    @Test func whatIsNotKnownIsSaid() {
        expectScreen(state(.unseen), is: "diff-nothing-80x24")
        var record = Self.record
        record.disk = .known(.same)
        record.versions[0].files = .unknown(
            Unknown("edge.cfg has changed since this worker read it, before reloadtop watched"))
        record.versions.removeLast()
        expectScreen(state(record, 50, 8), is: "diff-unknown-50x8")
    }

    @Test func manyVersionsAreDrawnAtEverySize() {
        for columns in [1, 2, 10, 40, 60, 200] {
            for rows in [1, 2, 5, 12, 50] {
                let frame = view(state(Self.record, columns, rows))
                #expect(frame.size.columns == columns && frame.size.rows == rows)
            }
        }
    }
}
