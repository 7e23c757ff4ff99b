// How a load speaks TLS: against figures and accounts, not for safety, so that any certificate will do.

import TLS

/// The TLS of a load: version 1.3 where the server has it, any certificate accepted.
package struct LoadTLS: Sendable {
    /// The name that is asked for; nil: none.
    package var serverName: String?
    let resumes: Bool

    /// Every connection begins with a whole handshake.
    package static let full = LoadTLS(serverName: nil, resumes: false)
    /// A connection brings the ticket that the last one was given.
    package static let resumed = LoadTLS(serverName: nil, resumes: true)

    /// The same, asking for a name.
    package func named(_ serverName: String) -> LoadTLS {
        LoadTLS(serverName: serverName, resumes: resumes)
    }
}

/// What the clients of a load share of TLS.
final class LoadSecurity {
    private let serverName: String?
    private let connector: TLSConnector
    private let workspace: TLSWorkspace

    init(_ tls: LoadTLS) throws(TLSFault) {
        serverName = tls.serverName
        workspace = try TLSWorkspace()
        connector = try TLSConnector(
            ProtocolTerms(), verification: Verification(), trust: nil, identity: nil, requiredHost: nil,
            reusesSessions: tls.resumes)
    }

    /// For a connection that stands.
    func channel(on socket: Int32) throws(TLSFault) -> TLSChannel {
        guard let channel = connector.channel(on: socket, name: serverName, in: workspace) else {
            throw TLSFault("no memory")
        }
        return channel
    }
}
