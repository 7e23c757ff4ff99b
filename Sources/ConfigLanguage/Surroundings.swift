// The outside world as the parser sees it: closures, so that parsing itself touches no operating system.

/// The text of one configuration file.
package struct Source: Sendable {
    /// As it was given on the command line; diagnostics quote it.
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    package init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }
}

/// Why the outside world could not give what was asked for, in the system's words.
package struct OutsideFailure: Error, Hashable, Sendable {
    package var reason: String

    package init(_ reason: String) {
        self.reason = reason
    }
}

/// What the parser must ask for.
package struct Surroundings {
    package var environment: [String: String]
    /// The host's name: the default of `localpeer` and of `node`.
    package var hostName: String
    /// `-L`.
    package var localPeer: String?
    package var readFile: (_ path: String) -> Result<[UInt8], OutsideFailure>
    package var userID: (_ name: String) -> UInt32?
    package var groupID: (_ name: String) -> UInt32?
    /// A host's name to a numeric address.
    package var resolve: (_ host: String, _ family: Endpoint.Family?) -> Result<String, OutsideFailure>

    /// Nothing exists unless it is given.
    package init(
        environment: [String: String] = [:], hostName: String = "localhost", localPeer: String? = nil,
        readFile: @escaping (String) -> Result<[UInt8], OutsideFailure> = { _ in
            .failure(OutsideFailure("No such file or directory"))
        },
        userID: @escaping (String) -> UInt32? = { _ in nil },
        groupID: @escaping (String) -> UInt32? = { _ in nil },
        resolve: @escaping (String, Endpoint.Family?) -> Result<String, OutsideFailure> = { _, _ in
            .failure(OutsideFailure("Name or service not known"))
        }
    ) {
        self.environment = environment
        self.hostName = hostName
        self.localPeer = localPeer
        self.readFile = readFile
        self.userID = userID
        self.groupID = groupID
        self.resolve = resolve
    }
}
