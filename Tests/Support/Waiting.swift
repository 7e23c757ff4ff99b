// Waiting for conditions, always with a deadline, never for a fixed time.

import Glibc
import Polling
import Unix

extension Duration {
    /// How long a test waits for what must come. Long, since a machine under load stalls for seconds: it is how late a
    /// fault is told, not a figure that is asserted.
    package static let patience = Duration.seconds(40)
}

/// A condition that did not come true in time.
package struct TimedOut: Error, CustomStringConvertible {
    package let what: String
    package let after: Duration

    package init(what: String, after: Duration) {
        self.what = what
        self.after = after
    }

    package var description: String { "waited \(after) for \(what)" }
}

/// Waits until `condition` holds, asking every few milliseconds; throws `TimedOut` after `limit`.
package func wait(
    for what: String, atMost limit: Duration = .patience, until condition: () throws -> Bool
) throws {
    try work(for: what, atMost: limit) {
        if try condition() { return true }
        poll(nil, 0, 5)
        return false
    }
}

/// As `wait`, where asking is what brings it about: again and again without a pause.
package func work(
    for what: String, atMost limit: Duration = .patience, until isDone: () throws -> Bool
) throws {
    let deadline = Instant.now() + limit
    while try !isDone() {
        if Instant.now() > deadline { throw TimedOut(what: what, after: limit) }
    }
}

/// As `wait(until:)`, for a value that appears.
package func wait<Value>(
    for what: String, atMost limit: Duration = .patience, value: () throws -> Value?
) throws -> Value {
    var found: Value?
    try wait(for: what, atMost: limit) {
        found = try value()
        return found != nil
    }
    guard let found else { throw TimedOut(what: what, after: limit) }
    return found
}

extension EventLoop {
    /// Runs rounds until `condition` holds; throws `TimedOut` after `limit`.
    package func run(
        for what: String, atMost limit: Duration = .patience, until condition: () throws -> Bool
    ) throws {
        let deadline = Instant.now() + limit
        while try !condition() {
            if Instant.now() > deadline { throw TimedOut(what: what, after: limit) }
            try runOnce(longestWait: .milliseconds(5))
        }
    }

    /// Runs rounds for a span of load.
    package func run(load span: Duration) throws {
        let end = Instant.now() + span
        while Instant.now() < end { try runOnce(longestWait: .milliseconds(5)) }
    }
}
