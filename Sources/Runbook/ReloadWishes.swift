// What somebody who reloads has asked for.

import Unix

package struct ReloadWishes: Equatable, Sendable {
    /// The file with the new content, `-` for standard input; nil: what lies on the disk is loaded.
    package var newFile: String?
    /// The SHA-256 that the new content must have: what came over a network may be cut short.
    package var newHash: String?
    /// Which of the loaded files it replaces, where that is not plain.
    package var replacing: String?
    /// Nothing will be changed: what speaks against it is told at the end, and everything is looked at before.
    package var onlyLooks = false
    /// Go on although the files on disk are not, or not surely, what runs.
    package var acceptsDrift = false
    /// Go on although the doctor finds that the load will fail.
    package var acceptsFindings = false
    /// Wait until every old worker has ended.
    package var waitsForDrain = false
    /// Wait until every peer has all.
    package var waitsForPeers = false
    /// Let systemd reload the unit that the master runs in.
    package var usesSystemctl = false
    /// Where the proxy's messages go, where they are not in the journal.
    package var logFile: String?
    /// The longest that the load and all waits together may take.
    package var timeout = Duration.seconds(120)
    /// How long the new worker is watched before the health is judged; zero: it is not compared.
    package var settle = Duration.seconds(10)

    package init() {}
}
