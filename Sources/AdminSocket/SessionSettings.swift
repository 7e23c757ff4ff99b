// How the sessions of one admin socket behave.

import RuntimeAPI

package struct SessionSettings: Sendable {
    /// Whose socket it is: the two differ in when they close and in their prompt.
    package enum Style: UInt8, Sendable {
        /// Closes after one line of commands unless `prompt` was given. Prompt: `> `.
        case worker
        /// Stays open until the client ends its side. Prompt: `master> `, or what the session's `promptName` says.
        case master
    }

    package var style: Style
    package var level: CommandLevel
    /// How long a session may neither send nor take anything; nil: for ever.
    package var timeout: Duration?
    /// `expose-fd listeners`: whoever asks here is given the listening sockets.
    package var exposesListeners = false

    package init(style: Style, level: CommandLevel, timeout: Duration?) {
        self.style = style
        self.level = level
        self.timeout = timeout
    }
}
