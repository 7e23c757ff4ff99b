// What was done to the proxy lately: restarts in place of reloads, and reloads that come faster than workers drain.

import ReloadModel

enum ReloadRules {
    private static let day = 86400.0
    /// A master that is younger than this may have taken another's place a moment ago.
    private static let young = 600.0

    static func restarts(_ facts: SystemFacts) -> Examination.Outcome {
        let age = Wording.span(seconds: facts.masterUptime.rounded(.down))
        let restarts = facts.reloads.filter { $0.result == .restart && seconds(since: $0, facts) < day }
        guard let last = restarts.last else {
            if let former = facts.past.formerMaster, facts.masterUptime < day {
                return .findings([
                    restarted("master \(facts.master) started \(age) ago, and \(former)", facts)
                ])
            }
            guard facts.masterUptime < young, let why = facts.lacksPast else {
                return .good("master \(facts.master) runs since \(age)")
            }
            return .notConcerned(
                "master \(facts.master) started \(age) ago; whether another ran before it is not known: \(why.reason)"
            )
        }
        let more = restarts.count > 1 ? ", \(restarts.count) times within a day" : ""
        let author = last.author.flatMap { $0.certainty == .unknown ? nil : "; by \($0.words)" } ?? ""
        return .findings([
            restarted(
                "the proxy was restarted \(Wording.span(seconds: seconds(since: last, facts))) ago, not reloaded\(more): "
                    + "\(last.reason ?? "another master took its place")\(author)", facts)
        ])
    }

    private static func restarted(_ what: String, _ facts: SystemFacts) -> Finding {
        Finding(
            .warning, what,
            why:
                "a restart cuts every connection, refuses new ones until it serves again, and empties counters and "
                + "stick tables; where nobody asked for it, the master or its worker failed",
            place: "whoever changes the configuration",
            lines: ["reloadtop reload", FileRules.reloadCommand(facts)])
    }

    private static func seconds(since record: ReloadRecord, _ facts: SystemFacts) -> Double {
        record.at.map { max(0, Double(facts.now - $0) / 1_000_000) } ?? .infinity
    }

    static func rate(_ facts: SystemFacts) -> Examination.Outcome {
        let limit = AlertThresholds().reloadsPerTenMinutes
        guard let rate = facts.reloadRate else { return .good("no reload in the last ten minutes") }
        guard rate.count > limit else {
            return .good("\(Wording.count(rate.count, "reload")) in the last ten minutes")
        }
        return .findings([
            Finding(
                .warning, rate.words(limit: limit),
                why:
                    "workers pile up faster than they drain, each with its memory, its health checks and its "
                    + "connections to servers; counters and what no peers carry start anew each time",
                place: ReloadRate.remedy,
                lines: [
                    "echo 'set server BACKEND/SERVER state drain' | socat - UNIX-CONNECT:/run/haproxy/admin.sock"
                ])
        ])
    }
}
