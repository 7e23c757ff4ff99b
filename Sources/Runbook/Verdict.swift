// How a safe reload ended, in one word with its exit status, decided from what was seen.

import ReloadModel

/// The word for a person, the JSON and the audit log, and the exit status.
package enum Verdict: String, CaseIterable, Sendable {
    case served, drained, degraded
    case rolledBack = "rolled_back"
    case refused, unknown

    /// For a person: `rolled back`.
    package var word: String { rawValue.replacing("_", with: " ") }

    package var exitStatus: Int32 {
        switch self {
        case .served, .drained: 0
        case .degraded: 1
        case .rolledBack: 2
        case .refused: 3
        case .unknown: 4
        }
    }

    /// For the table of the help and the man page.
    package var meaning: String {
        switch self {
        case .served: "the new worker serves"
        case .drained: "the new worker serves, and every old one has ended (--wait-drained)"
        case .degraded:
            "a worker serves, but something is worse or was not reached in time, or the disk may not load"
        case .rolledBack: "the load failed: what ran before serves on, and its file is back"
        case .refused: "nothing was changed, and nobody was asked to reload"
        case .unknown: "what became of it could not be seen: look"
        }
    }
}

/// What the watch has seen of one reload by its end.
package struct ReloadFacts: Equatable, Sendable {
    /// How the load ended.
    package enum Load: Equatable, Sendable {
        case succeeded
        case failed
        /// Nobody has loaded anything, and why.
        case notAsked(String)
        /// The master was not seen to end it.
        case unseen(String)
    }
    /// What became of the placed file after a failed load.
    package enum Restoration: Equatable, Sendable {
        /// The command placed none.
        case notNeeded
        case restored
        /// It is back, and not, or not surely, what runs: why.
        case restoredUnloaded(String)
        /// What is in the way, and what stands there now.
        case failed(String)
    }
    package var load: Load
    /// Why the load failed, in the proxy's words.
    package var cause: String?
    package var restoration = Restoration.notNeeded
    /// A worker serves at the end.
    package var serves = true
    /// Nil: nobody asked to wait for it; else whether every old worker has ended.
    package var isDrained: Bool?
    /// Who still drains at the end of that wait, a phrase each.
    package var draining: [String] = []
    /// Nil: nobody asked to wait for it; else what is missing, empty for nothing.
    package var peersMissing: [String]?
    /// What is worse than before, a sentence each.
    package var worse: [String] = []

    package init(_ load: Load) {
        self.load = load
    }

    package var verdict: Verdict {
        switch load {
        case .unseen: .unknown
        case .notAsked: if case .failed = restoration { .degraded } else { .refused }
        // Only what was placed can be taken back, and only what runs is known to load: else a restart may not come up.
        case .failed: !serves ? .unknown : restoration == .restored ? .rolledBack : .degraded
        case .succeeded:
            if !serves {
                .unknown
            } else if isDrained == false || !(peersMissing ?? []).isEmpty || !worse.isEmpty {
                .degraded
            } else {
                isDrained == true ? .drained : .served
            }
        }
    }

    /// Why it is no better, a sentence each; empty where all is well.
    package var reasons: [String] {
        var reasons: [String] = []
        switch load {
        case .unseen(let why), .notAsked(let why): reasons.append(why)
        case .failed: reasons.append("the load failed" + (cause.map { ": \($0)" } ?? ""))
        case .succeeded: break
        }
        switch restoration {
        case .failed(let why): reasons.append(why)
        case .restoredUnloaded(let why) where load == .failed:
            reasons.append("the file from before is back: \(why)")
        case .notNeeded where load == .failed && serves:
            reasons.append(
                "what ran before serves on; no file was placed, so none was put back: those on the disk still do not "
                    + "load, and a restart would not come up")
        case .notNeeded, .restored, .restoredUnloaded: break
        }
        if !serves { reasons.append("no worker serves") }
        if isDrained == false {
            reasons.append(
                "old workers still drain" + (draining.isEmpty ? "" : ": " + draining.joined(separator: ", ")))
        }
        return reasons + (peersMissing ?? []) + worse
    }
}
