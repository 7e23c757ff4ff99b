// What was seen of a reload, and the word for it: one row a case.

import Glibc
import ReloadModel
import RuntimeAPI
import TestSupport
import Testing
import Unix

@testable import Runbook

@Suite struct VerdictTests {
    struct Case: Sendable {
        let name: String
        let load: ReloadFacts.Load
        let change: @Sendable (inout ReloadFacts) -> Void
        let verdict: Verdict
        let reason: String
    }

    static let cases: [Case] = [
        Case(name: "served", load: .succeeded, change: { _ in }, verdict: .served, reason: ""),
        Case(
            name: "drained", load: .succeeded, change: { $0.isDrained = true }, verdict: .drained, reason: ""),
        Case(
            name: "not drained", load: .succeeded, change: { $0.isDrained = false }, verdict: .degraded,
            reason: "still drain"),
        Case(
            name: "peers late", load: .succeeded,
            change: {
                $0.isDrained = true
                $0.peersMissing = ["peer b is not connected"]
            }, verdict: .degraded, reason: "peer b"),
        Case(
            name: "peers there", load: .succeeded, change: { $0.peersMissing = [] }, verdict: .served,
            reason: ""),
        Case(
            name: "worse", load: .succeeded, change: { $0.worse = ["5xx 0/s → 3/s"] }, verdict: .degraded,
            reason: "5xx"),
        Case(
            name: "nobody serves", load: .succeeded, change: { $0.serves = false }, verdict: .unknown,
            reason: "no worker serves"),
        Case(
            name: "rolled back", load: .failed, change: { $0.restoration = .restored }, verdict: .rolledBack,
            reason: "the load failed"),
        Case(
            name: "nothing placed", load: .failed, change: { _ in }, verdict: .degraded,
            reason: "no file was placed"),
        Case(
            name: "not put back", load: .failed, change: { $0.restoration = .failed("it was changed") },
            verdict: .degraded, reason: "it was changed"),
        Case(
            name: "what was put back never ran", load: .failed,
            change: { $0.restoration = .restoredUnloaded("x is not what runs") }, verdict: .degraded,
            reason: "the file from before is back: x is not what runs"),
        Case(
            name: "not asked", load: .notAsked("nobody listens"),
            change: { $0.restoration = .restoredUnloaded("x") }, verdict: .refused, reason: "nobody listens"),
        Case(
            name: "not asked, not put back", load: .notAsked("nobody listens"),
            change: { $0.restoration = .failed("it was changed") }, verdict: .degraded,
            reason: "nobody listens; it was changed"),
        Case(
            name: "all gone", load: .failed, change: { $0.serves = false }, verdict: .unknown,
            reason: "no worker serves"),
        Case(name: "unseen", load: .unseen("lost"), change: { _ in }, verdict: .unknown, reason: "lost"),
    ]

    @Test func everyEndHasItsWord() {
        for entry in Self.cases {
            var facts = ReloadFacts(entry.load)
            entry.change(&facts)
            #expect(facts.verdict == entry.verdict, "\(entry.name)")
            let reasons = facts.reasons.joined(separator: "; ")
            #expect(entry.reason.isEmpty ? reasons.isEmpty : reasons.contains(entry.reason), "\(entry.name)")
        }
        #expect(Set(Self.cases.map(\.verdict)) == Set(Verdict.allCases))
        #expect(Verdict.allCases.map(\.exitStatus) == [0, 0, 1, 2, 3, 4])
    }

    @Test func theAuditLogSaysWho() throws {
        let folder = try ScratchFolder("audit-")
        let log = AuditLog(path: folder.file("a/b/audit.log"))
        try log.append(action: "reload", target: "x\u{1b}\n", [.init("event", .string("begun"))])
        try log.append(action: "reload", target: "x", [.init("event", .string("ended"))])
        let lines = try File.readText(log.path).split(separator: "\n")
        #expect(lines.count == 2)
        let first = try JSON(parsing: String(lines[0]))
        #expect(first["event"]?.string == "begun" && first["target"]?.string == "x\u{1b}\n")
        #expect(first["uid"]?.integer == Int64(getuid()))
        #expect(first["processes"]?.string?.contains("(\(getpid()))") == true)
        // One that a full disk has cut short does not take the next with it.
        try File.write(log.path, "{\"action\":\"reload\",\"cut")
        try log.append(action: "reload", target: "y", [])
        #expect(log.reloads.map { $0["target"]?.string } == ["y"])
    }
}
