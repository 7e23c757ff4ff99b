// A reply that is not known yet: the handler keeps this and answers when it can.

/// The right to answer one command later. `finish` ends it; without it the session waits for ever.
package final class PendingReply {
    private weak var session: AdminSession?

    init(_ session: AdminSession) {
        self.session = session
    }

    /// The client has gone: nobody will read an answer.
    package var isAbandoned: Bool { session == nil }

    /// Says part of the reply.
    package func append(_ text: String) {
        session?.say(text)
    }

    /// Says the rest of the reply and ends it.
    package func finish(_ text: String = "") {
        guard let session else { return }
        self.session = nil
        session.say(text)
        session.replyEnded(blankLine: true)
    }

    func abandon() {
        session = nil
    }
}
