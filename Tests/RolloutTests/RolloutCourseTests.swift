// Whose turn it is, where it stops, and the word for the whole: one row a course.

import Runbook
import Testing

@testable import Rollout

@Suite struct RolloutCourseTests {
    struct Case: Sendable {
        var name: String
        /// One letter a verdict; `!` a signal.
        var events: String
        var verdict: Verdict
        var untouched: [String]
        var reasons: String
    }

    static let cases: [Case] = [
        Case(name: "all", events: "sss", verdict: .served, untouched: [], reasons: ""),
        Case(name: "all drained", events: "ddd", verdict: .drained, untouched: [], reasons: ""),
        Case(name: "not all drained", events: "dsd", verdict: .served, untouched: [], reasons: ""),
        Case(
            name: "second fails", events: "sr", verdict: .rolledBack, untouched: ["c"],
            reasons: "b: rolled back: why; not touched: c"),
        Case(
            name: "first refuses", events: "x", verdict: .refused, untouched: ["b", "c"],
            reasons: "a: refused: why; not touched: b, c"),
        Case(
            name: "second refuses", events: "sx", verdict: .degraded, untouched: ["c"],
            reasons: "b: refused: why; not touched: c"),
        Case(
            name: "last unknown", events: "ss?", verdict: .unknown, untouched: [], reasons: "c: unknown: why"),
        Case(
            name: "degraded", events: "g", verdict: .degraded, untouched: ["b", "c"],
            reasons: "a: degraded: why; "),
        Case(
            name: "signal before", events: "!", verdict: .refused, untouched: ["a", "b", "c"],
            reasons: "SIGINT ended the rollout; not touched: a, b, c"),
        Case(
            name: "signal between", events: "s!", verdict: .degraded, untouched: ["b", "c"],
            reasons: "SIGINT ended the rollout; not touched: b, c"),
        Case(
            name: "signal at the last", events: "ss!s", verdict: .served, untouched: [],
            reasons: "SIGINT ended the rollout"),
    ]

    @Test func itStopsAtTheFirstThatIsNotGood() throws {
        let all = try FleetHost.list(["a", "b", "c"])
        let letters: [Character: Verdict] = [
            "s": .served, "d": .drained, "r": .rolledBack, "x": .refused, "?": .unknown, "g": .degraded,
        ]
        for entry in Self.cases {
            var course = RolloutCourse(all, pauses: true)
            for event in entry.events {
                guard let verdict = letters[event] else {
                    course.interrupt(by: "SIGINT")
                    continue
                }
                let turn = all[course.outcomes.count]
                if course.interruption == nil {
                    if !course.outcomes.isEmpty {
                        #expect(course.next() == .pause, "\(entry.name)")
                        course.notePause()
                    }
                    #expect(course.next() == .reload(turn), "\(entry.name)")
                }
                var outcome = HostOutcome(turn, refused: "why")
                outcome.verdict = verdict
                if outcome.isGood { outcome.reasons = [] }
                course.note(outcome)
            }
            #expect(course.next() == .end, "\(entry.name)")
            #expect(course.verdict == entry.verdict, "\(entry.name)")
            #expect(course.untouched.map(\.name) == entry.untouched, "\(entry.name)")
            let reasons = course.reasons.joined(separator: "; ")
            #expect(
                entry.reasons.isEmpty ? reasons.isEmpty : reasons.hasPrefix(entry.reasons), "\(entry.name)")
        }
        var prompt = RolloutCourse(all, pauses: false)
        var outcome = HostOutcome(all[0], refused: "")
        outcome.verdict = .served
        prompt.note(outcome)
        #expect(prompt.next() == .reload(all[1]))
    }
}
