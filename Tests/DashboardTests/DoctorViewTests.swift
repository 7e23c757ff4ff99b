// View 8: the checklist worst first, and all about the point under the cursor.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct DoctorViewTests {
    private static let report = HealthReport(
        time: Fixture.now,
        examinations: [
            Examination(
                id: "master-worker", title: "a master runs the workers", outcome: .good("master 7459 by -Ws")),
            Examination(
                id: "unit-type", title: "systemd waits for READY",
                outcome: .notConcerned("master 7459 does not run in a systemd service")),
            Examination(
                id: "config-test", title: "the files on disk load",
                outcome: .findings([
                    Finding(
                        .critical,
                        "the files on disk do not load: edge.cfg:29: unknown keyword '\u{1b}[31mbogus'",
                        why: "the next reload fails, and after a restart or a reboot nothing serves at all",
                        place: "the file at fault; then test it again",
                        lines: ["haproxy -c -f /etc/haproxy/edge.cfg"])
                ])),
            Examination(
                id: "hard-stop-after", title: "hard-stop-after is set and fits the traffic",
                outcome: .findings([
                    Finding(
                        .warning, "hard-stop-after is not set",
                        why: "one client that stays keeps an old worker",
                        place: "/etc/haproxy/edge.cfg, section global", lines: ["hard-stop-after 30m"])
                ])),
            Examination(
                id: "descriptors", title: "descriptors suffice",
                outcome: .unknown(
                    Unknown("no permission to read the limits of worker 9", remedy: "run as root"))),
        ])

    private func state(_ columns: Int = 80, _ rows: Int = 24) -> State {
        var state = Fixture.state(Fixture.busy, columns, rows)
        #expect(state.press(.character("8")) == [.examine])
        #expect(state.press(.character("c")) == [], "one visit at a time")
        _ = update(&state, .examined(Self.report))
        return state
    }

    @Test func theWorstComesFirstWithWhatToDo() {
        expectScreen(state(), is: "doctor-80x24")
        expectScreen(state(120, 40), is: "doctor-120x40")
        expectScreen(state(50, 8), is: "doctor-50x8")
    }

    @Test func theCursorShowsTheNext() {
        var state = state()
        state.press(.down)
        #expect(state.doctor.selected == 1)
        state.press(.end)
        #expect(state.doctor.selected == 4)
        state.press(.home, .character("/"))
        state.type("hard-stop")
        #expect(state.doctor.selected == 0)
        expectScreen(state, is: "doctor-filtered-80x24")
    }

    @Test func beforeTheReportItSaysWhatIsDone() {
        var state = Fixture.state(Fixture.busy)
        state.press(.character("8"))
        #expect(state.doctor.isExamining)
        expectScreen(state, is: "doctor-waiting-80x24")
    }
}
