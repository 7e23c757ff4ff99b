// What a host's answer means, before and after: only one that can be believed is good.

import Runbook
import RuntimeAPI
import Testing

@testable import Rollout

@Suite struct HostAnswerTests {
    private static let content = NewContent(Array("new\n".utf8))

    struct Case: Sendable {
        var name: String
        var ending: Transcript.Ending
        var released = true
        var output = ""
        var errors: [String] = []
        var verdict: Verdict
        var reason = ""
        var deed = ""
    }

    private static func answer(_ verdict: String, _ status: Int, file: String? = nil) -> String {
        """
        Welcome {to} this host
        reloadtop-process 12
        {"verdict":"\(verdict)","exit_status":\(status),"reasons":["why"],"file":\(file ?? Self.file(content.hash))}

        """
    }

    private static func file(_ after: String, now: String? = nil) -> String {
        #"{"path":"/e.cfg","sha256_before":"old","sha256_after":"\#(after)","sha256_now":"\#(now ?? after)"}"#
    }

    static let cases: [Case] = [
        Case(
            name: "served", ending: .exited(0), output: answer("served", 0), verdict: .served, reason: "why",
            deed: "the new file is in place"),
        Case(
            name: "the same bytes lay there", ending: .exited(0), output: answer("drained", 0, file: "null"),
            verdict: .drained, deed: "loaded what lay there"),
        Case(
            name: "rolled back", ending: .exited(2),
            output: answer("rolled_back", 2, file: file(content.hash, now: "old")), verdict: .rolledBack,
            deed: "the old file is in place"),
        Case(
            name: "refused", ending: .exited(3), output: answer("refused", 3), verdict: .refused,
            deed: "nothing"),
        Case(
            name: "other bytes", ending: .exited(0), output: answer("served", 0, file: file("other")),
            verdict: .degraded, reason: "what was placed is not what was sent"),
        Case(
            name: "written over", ending: .exited(0),
            output: answer("served", 0, file: file(content.hash, now: "other")), verdict: .degraded,
            reason: "what lies there now is not what was sent", deed: "neither the old nor the new"),
        Case(
            name: "contradiction", ending: .exited(3), output: answer("served", 0), verdict: .unknown,
            reason: "do not agree"),
        Case(
            name: "a word from the future", ending: .exited(0), output: answer("splendid", 0),
            verdict: .unknown),
        Case(
            name: "half an answer", ending: .exited(0), output: "{\"verdict\":\"served\"", verdict: .unknown,
            deed: "not known: look"),
        Case(
            name: "lost", ending: .exited(255), errors: ["Connection to a closed"], verdict: .unknown,
            reason: "the connection was lost (Connection to a closed)"),
        Case(
            name: "lost before the word", ending: .exited(255), released: false, errors: ["No route to host"],
            verdict: .refused, reason: "cannot be reached: No route to host"),
        Case(
            name: "late", ending: .cut("no answer in time"), verdict: .unknown, reason: "no answer in time"),
        Case(
            name: "no program", ending: .exited(127), errors: ["sh: 1: exec: reloadtop: not found"],
            verdict: .refused, reason: "--remote-program"),
        Case(
            name: "a signal while it tested", ending: .exited(130), verdict: .refused,
            reason: "SIGINT ended it before anything was changed there", deed: "nothing"),
        Case(name: "killed", ending: .exited(137), verdict: .unknown, reason: "no answer, exit status 137"),
        Case(name: "old program", ending: .exited(64), verdict: .refused, reason: "as new as this one"),
    ]

    @Test func onlyAnAnswerThatCanBeBelievedIsGood() throws {
        let host = try FleetHost("a")
        for entry in Self.cases {
            var transcript = Transcript(entry.ending)
            transcript.wasReleased = entry.released
            transcript.output = entry.output
            transcript.errors = entry.errors
            let outcome = HostOutcome(host, transcript, sent: Self.content)
            #expect(outcome.verdict == entry.verdict, "\(entry.name)")
            #expect(
                entry.reason.isEmpty || outcome.reasons.contains { $0.contains(entry.reason) },
                "\(entry.name): \(outcome.reasons)")
            #expect(outcome.deed.hasPrefix(entry.deed), "\(entry.name): \(outcome.deed)")
        }
    }
}

@Suite struct FleetComparisonTests {
    private func look(
        _ name: String, _ configuration: String, _ keys: String, _ stop: String,
        file: String = #"{"path":"/e"}"#,
        reasons: String = "{}"
    ) throws -> HostLook {
        var transcript = Transcript(.exited(0))
        transcript.output = """
            {"exit_status":0,"verdict":null,"reasons":[],"file":\(file),"host":{"configuration_sha256":\(configuration),\
            "ticket_keys_sha256":\(keys),"hard_stop_after_ms":\(stop),"reasons":\(reasons)}}

            """
        return HostLook(try FleetHost(name), transcript, sending: NewContent([]))
    }

    private func files(_ pairs: KeyValuePairs<String, String>) -> String {
        let entries = pairs.map { #"{"file":"/etc/\#($0)","sha256":"\#($1)","reason":null}"# }
        return "[\(entries.joined(separator: ","))]"
    }

    @Test func whatDiffersIsNamedWithItsHosts() throws {
        let (one, other) = (files(["a.cfg": "c0", "b.cfg": "c1"]), files(["a.cfg": "c0", "b.cfg": "c2"]))
        let same = [try look("a", one, "[]", "60000"), try look("b", one, "[]", "60000")]
        #expect(FleetComparison.differences(same).isEmpty)
        #expect(FleetComparison.objections(same, [], acceptsDifferences: false).isEmpty)
        let mixed =
            same + [
                try look("c", other, files(["k": "k1"]), "null"),
                try look("d", files(["a.cfg": "c9"]), "[]", "60000", file: "null"),
            ]
        let differences = FleetComparison.differences(mixed)
        let sentences = differences.map(\.sentence)
        #expect(sentences.count == 3)
        #expect(sentences[0].hasPrefix("configurations differ: b.cfg c1… on a, b; b.cfg c2… on c: "))
        #expect(sentences[1].hasPrefix("ticket keys differ: none on a, b, d; k k1… on c: "))
        #expect(sentences[2].hasPrefix("values of hard-stop-after differ: 1m00s on a, b, d; none on c: "))
        #expect(FleetComparison.objections(mixed, differences, acceptsDifferences: false).count == 4)
        #expect(FleetComparison.objections(mixed, differences, acceptsDifferences: true).isEmpty)
        // What nobody can tell does not agree.
        let unknown = #"[{"file":"k","sha256":null,"reason":"cannot be read"}]"#
        let secret = [
            try look("a", one, unknown, "null", reasons: #"{"hard_stop_after_ms":"no worker serves"}"#),
            try look("b", one, unknown, "null", reasons: #"{"hard_stop_after_ms":"no worker serves"}"#),
        ]
        let untold = FleetComparison.differences(secret).map(\.sentence)
        #expect(untold.count == 2)
        #expect(untold[0].hasPrefix("ticket keys cannot be compared: not known (cannot be read) on a, b: "))
        // Whoever cannot be asked is in the way, whatever is accepted.
        var old = Transcript(.exited(0))
        old.output = #"{"exit_status":0,"verdict":null,"reasons":[]}"# + "\n"
        var gone = Transcript(.exited(255))
        gone.errors = ["ssh: connect: refused"]
        for (transcript, reason) in [
            (old, "e: its reloadtop does not tell"), (gone, "e: cannot be reached: ssh: "),
        ] {
            let looks = same + [HostLook(try FleetHost("e"), transcript, sending: nil)]
            let objections = FleetComparison.objections(looks, [], acceptsDifferences: true)
            #expect(objections.count == 1 && objections[0].hasPrefix(reason), "\(objections)")
        }
    }
}
