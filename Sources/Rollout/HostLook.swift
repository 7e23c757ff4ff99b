// What a host says before anything is changed: the answer to a dry run there.

import RuntimeAPI

package struct HostLook: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        case ready(HostFacts)
        /// It would not reload, or it gave no answer: a sentence each.
        case refused([String])
    }
    package let host: FleetHost
    package let state: State
    /// The object that the host printed.
    package let document: JSON?
    /// What it wrote beside that.
    package let messages: [String]

    package init(_ host: FleetHost, _ transcript: Transcript, sending content: NewContent?) {
        self.host = host
        messages = transcript.errors
        document = transcript.document
        guard let document else {
            state = .refused([transcript.silence])
            return
        }
        let reasons = (document["reasons"]?.array ?? []).compactMap(\.string)
        guard transcript.ending == .exited(0), document["exit_status"]?.integer == 0 else {
            state = .refused(reasons.isEmpty ? [transcript.silence] : reasons)
            return
        }
        guard let facts = HostFacts(document, sending: content) else {
            state = .refused(["its reloadtop does not tell what to compare: is it as new as this one?"])
            return
        }
        state = .ready(facts)
    }

    package var facts: HostFacts? {
        if case .ready(let facts) = state { facts } else { nil }
    }

    package var reasons: [String] {
        if case .refused(let reasons) = state { reasons } else { [] }
    }
}
