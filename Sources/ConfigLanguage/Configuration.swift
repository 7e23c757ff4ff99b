// What a configuration says, after `defaults` were applied and names resolved: the result of parsing, and all
// that the worker reads. Durations and sizes carry their unit; nil is "not set".

/// Where something stands in a configuration.
package struct Position: Hashable, Sendable, CustomStringConvertible {
    package let file: String
    /// 1 for the first line.
    package let line: Int

    package init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    package var description: String { "\(file):\(line)" }
}

/// A whole configuration.
package struct Configuration: Sendable {
    package var global = Global()
    /// In the order of the file. A `listen` section is one proxy with both sides.
    package var proxies: [Proxy] = []
    /// `peers` sections in which this process has a place.
    package var peers: [PeersSection] = []
    /// This process's name among peers: `-L`, else `localpeer`, else the host's name.
    package var localPeer = "localhost"

    package init() {}

    /// Whether anything listens: an enabled proxy, or an admin socket alone, as HAProxy counts.
    package var hasListeners: Bool {
        !global.statsSockets.isEmpty
            || proxies.contains { !$0.settings.disabled && $0.isFrontend && !$0.binds.isEmpty }
    }
}
