// What a `peers` section says.

import StickTables

/// `peers`.
package struct PeersSection: Sendable {
    /// `peer` or `server`.
    package struct Peer: Sendable {
        package var name: String
        package var position: Position
        package var endpoint: Endpoint?
        /// It is this process.
        package var isLocal: Bool

        package init(name: String, position: Position, endpoint: Endpoint? = nil, isLocal: Bool) {
            self.name = name
            self.position = position
            self.endpoint = endpoint
            self.isLocal = isLocal
        }
    }

    package var name: String
    package var position: Position
    package var disabled = false
    /// In the order of the lines.
    package var peers: [Peer] = []
    /// Where this process listens: `bind`, or the address of its own `peer` line.
    package var bind: Bind?
    /// `table`; the name is `SECTION/NAME`.
    package var tables: [StickTableDefinition] = []
    /// `log`: where lines about its peers go besides the worker's own log.
    package var logs: [LogTarget] = []
    /// The first line of each: a section has `peer` lines or a `bind` line, not both.
    var peerLine: Position?
    var bindLine: Position?
    /// `log global`: to the targets of `global` too.
    var logsToGlobal = false
    /// What `bind` lines of this section start from.
    package var bindDefaults = BindOptions()
    /// What its `server` lines start from.
    package var serverDefaults = ServerOptions()

    package init(name: String, position: Position) {
        self.name = name
        self.position = position
    }

    /// This process's own entry; nil: the section is incomplete and does nothing.
    package var local: Peer? { peers.first(where: \.isLocal) }
}
