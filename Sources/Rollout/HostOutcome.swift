// What came of one host's reload: its own verdict, where that can be believed.

import Runbook
import RuntimeAPI

package struct HostOutcome: Equatable, Sendable {
    package let host: FleetHost
    package var verdict: Verdict
    /// A sentence each.
    package var reasons: [String]
    /// The object that the host printed.
    package let document: JSON?
    /// What it wrote beside that.
    package let messages: [String]
    package let milliseconds: Double

    package var isGood: Bool { verdict == .served || verdict == .drained }

    package init(_ host: FleetHost, _ transcript: Transcript, sent content: NewContent?) {
        self.host = host
        messages = transcript.errors
        milliseconds = transcript.milliseconds
        document = transcript.document
        guard let document else {
            verdict = transcript.mayHaveBegun ? .unknown : .refused
            reasons = [transcript.silence]
            return
        }
        reasons = (document["reasons"]?.array ?? []).compactMap(\.string)
        let told = document["verdict"]?.string.flatMap(Verdict.init(rawValue:))
        guard let told, transcript.ending == .exited(told.exitStatus) else {
            verdict = .unknown
            reasons.append("the verdict and the exit status do not agree: \(transcript.ending)")
            return
        }
        verdict = told
        if isGood, let content, let fault = Self.fault(document, content) {
            verdict = .degraded
            reasons.append(fault)
        }
    }

    /// A reload that could not be asked for from here.
    init(_ host: FleetHost, refused reason: String) {
        self.host = host
        verdict = .refused
        reasons = [reason]
        document = nil
        messages = []
        milliseconds = 0
    }

    /// Why what lies there is not what was sent; nil: it is.
    private static func fault(_ document: JSON, _ content: NewContent) -> String? {
        // It had the same bytes before: the host has compared them.
        guard let file = document["file"], file != .null else { return nil }
        for (name, what) in [("sha256_after", "what was placed"), ("sha256_now", "what lies there now")] {
            let hash = file[name]?.string
            if hash != content.hash { return "\(what) is not what was sent: sha256 \(hash ?? "not told")" }
        }
        return nil
    }

    /// What was done there, in a few words.
    package var deed: String {
        let file = document?["file"]
        let now = file?["sha256_now"]?.string
        switch verdict {
        case .refused: return "nothing"
        case .unknown: return "not known: look"
        case .served, .drained, .degraded, .rolledBack:
            if file == nil || file == .null {
                return isGood ? "loaded what lay there" : "no file replaced"
            }
            if now != nil, now == file?["sha256_after"]?.string { return "the new file is in place" }
            if now != nil, now == file?["sha256_before"]?.string { return "the old file is in place" }
            return "neither the old nor the new file is in place"
        }
    }
}
