// The forms that the state of a master has had as bytes, and what a binary says of those that it reads: what a master
// must know before it becomes that binary.

import Handover

/// A form of the state over an exec. A field more at the end of a record needs no new form: older releases skip it.
/// Anything that an older release must not skip does.
package enum StateForm: UInt8, CaseIterable, Sendable {
    /// Fields one after the other: nothing could be added.
    case fixed = 3
    /// Records that say how long they are.
    case records = 5

    /// What this binary writes where nobody needs another.
    package static let newest = StateForm.records

    /// The first byte of the state. Form 3 began with the version of the messages, so there is no form 4.
    var mark: UInt8 { self == .fixed ? 4 : rawValue }

    init?(mark: UInt8) {
        guard let form = Self.allCases.first(where: { $0.mark == mark }) else { return nil }
        self = form
    }
}

/// What a binary reads, by its own word.
struct BinaryAbilities: Equatable {
    /// Forms of the master's state.
    var states: [UInt8]
    /// Versions of the messages between master and worker.
    var messages: [UInt8]

    static let own = BinaryAbilities(states: StateForm.allCases.map(\.rawValue), messages: [messageVersion])

    /// `mwproxy state 3 5 messages 4`, with a newline.
    var line: String {
        "mwproxy state \(Self.list(states)) messages \(Self.list(messages))\n"
    }

    /// What releases say, and ask for, that know a single form: they compare the whole line.
    static let lineOfSingleForm = BinaryAbilities(states: [3], messages: [4]).line

    init(states: [UInt8], messages: [UInt8]) {
        self.states = states
        self.messages = messages
    }

    /// Reads `line`; nil where another program has spoken. Words behind the known ones are a later release's.
    init?(parsing text: String) {
        let words = text.prefix { $0 != "\n" }.split(separator: " ")
        guard words.starts(with: ["mwproxy", "state"]),
            let mark = words.firstIndex(of: "messages")
        else { return nil }
        states = words[2..<mark].compactMap { UInt8($0) }
        messages = words[(mark + 1)...].prefix { UInt8($0) != nil }.compactMap { UInt8($0) }
    }

    /// The newest form that both know; nil where there is none, or where it could not talk to the workers.
    var common: StateForm? {
        guard messages.contains(messageVersion) else { return nil }
        return StateForm.allCases.last { states.contains($0.rawValue) }
    }

    /// `state 3 5, messages 4`
    var words: String { "state \(Self.list(states)), messages \(Self.list(messages))" }

    private static func list(_ numbers: [UInt8]) -> String {
        numbers.map(String.init).joined(separator: " ")
    }
}
