// What few connections need for as long as they live. It is made when first asked for: a silent client costs no more
// than it must.

import Unix

/// What rules and logs have noted of a client's connection.
final class ClientSession {
    /// What `tcp-request connection` and `session` track.
    @exclusivity(unchecked) var tracked = TrackedEntries()
    /// `sess` variables.
    var variables: VariableValues = [:]
    /// Where the client came to, once it was asked for or announced.
    var localAddress: SocketAddress?
}
