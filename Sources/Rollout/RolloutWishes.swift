// What somebody who rolls a configuration out has asked for.

import TLS
import Unix

/// The new content, which every host must get byte by byte.
package struct NewContent: Equatable, Sendable {
    package let bytes: [UInt8]
    /// As sha256sum tells it.
    package let hash: String

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        hash = Digest.sha256(bytes).hexadecimal(uppercase: false)
    }
}

package struct RolloutWishes: Equatable, Sendable {
    /// In the order of their turns.
    package var hosts: [FleetHost]
    /// Nil: each host loads what lies there.
    package var content: NewContent?
    /// Options of `reloadtop reload` that every host is given.
    package var options: [String] = []
    /// The ssh command with options of its own.
    package var ssh = ["ssh"]
    /// reloadtop on the hosts.
    package var program = "reloadtop"
    /// The hosts run it through `sudo -n`.
    package var usesSudo = false
    /// Go on although the hosts differ.
    package var acceptsDifferences = false
    /// Between two hosts.
    package var pause = Duration.zero
    /// How long a host's reload may take with all its waits, as `--timeout` tells it.
    package var timeout = Duration.seconds(120)

    package init(hosts: [FleetHost]) { self.hosts = hosts }
}
