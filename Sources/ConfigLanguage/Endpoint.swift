// Where sockets are: `bind` lines, addresses of servers and of logs.

/// Where a socket is or goes to, as the configuration names it.
package enum Endpoint: Hashable, Sendable {
    /// `host` is numeric, a host name to be resolved at load, or nil for any address; `family` is set by
    /// `ipv4@`/`ipv6@`. Servers may have port nil ("the port the client came to") or an offset.
    case tcp(host: String?, family: Family?, port: Port)
    case unix(path: String)
    case abstract(name: String)
    /// `fd@N`: an inherited descriptor.
    case descriptor(Int32)

    package enum Family: Sendable { case ipv4, ipv6 }

    package enum Port: Hashable, Sendable {
        case number(UInt16)
        /// `+N`, `-N`: relative to the port that the client came to.
        case offset(Int)
        /// No port: the one that the client came to.
        case same
    }
}

/// Options of a `bind` or `stats socket` line.
package struct BindOptions: Sendable {
    package var name: String?
    /// File mode of a unix socket.
    package var mode: UInt32?
    package var user: String?
    package var uid: UInt32?
    package var group: String?
    package var gid: UInt32?
    package var backlog: Int?
    package var maxconn: Int?
    package var v6only = false
    package var v4v6 = false
    package var transparent = false
    /// `interface`.
    package var interface: String?
    /// `accept-proxy`: each connection begins with a PROXY protocol header.
    package var acceptsProxy = false
    /// `ssl`: clients speak TLS, as `tls` says.
    package var usesTLS = false
    package var tls = BindTLS()
    /// `tcp-ut`, `defer-accept`, `mss`, `tfo` are accepted and have no field until they act.
    package init() {}
}

/// One `bind` line; port ranges and lists are spread out.
package struct Bind: Sendable {
    package var position: Position
    package var endpoints: [Endpoint]
    /// The addresses as they are written.
    package var text = ""
    package var options = BindOptions()

    package init(position: Position, endpoints: [Endpoint]) {
        self.position = position
        self.endpoints = endpoints
    }
}
