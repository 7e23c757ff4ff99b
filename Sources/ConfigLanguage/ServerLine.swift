// What a `server` line says.

/// `server`.
package struct ServerLine: Sendable {
    package var name: String
    package var position: Position
    package var endpoint: Endpoint
    package var options = ServerOptions()

    package init(name: String, position: Position, endpoint: Endpoint) {
        self.name = name
        self.position = position
        self.endpoint = endpoint
    }
}

/// A version of the PROXY protocol.
package enum SendProxy: Sendable {
    case v1, v2
}

/// Options of `server` and `default-server`.
package struct ServerOptions: Sendable {
    /// 0…256.
    package var weight = 1
    /// Nil: no limit.
    package var maxconn: Int?
    package var maxqueue: Int?
    package var minconn: Int?
    package var backup = false
    package var disabled = false
    package var check = false
    package var inter: Duration = .seconds(2)
    package var fastInter: Duration?
    package var downInter: Duration?
    package var rise = 2
    package var fall = 3
    /// The port that checks go to, where it is another one.
    package var checkPort: UInt16?
    package var poolMaxConn: Int?
    package var id: Int?
    package var slowStart: Duration?
    /// `send-proxy`, `send-proxy-v2`: each connection begins with a PROXY protocol header of that version.
    package var sendProxy: SendProxy?
    /// `check-send-proxy`: checks that go elsewhere than the traffic send one as well.
    package var checkSendsProxy = false
    /// The value of `cookie … insert` that names this server.
    package var cookie: String?
    /// A name that is not resolved at load (`init-addr none`) leaves the server down; false: it is an error.
    package var mayStartUnresolved = false
    /// `ssl`: connections to it speak TLS, as `tls` says.
    package var usesTLS = false
    package var tls = ServerTLS()
    /// `check-ssl`, `no-check-ssl`: of checks alone; nil: as the traffic, where checks go to the same port.
    package var checkUsesTLS: Bool?
    /// Its traffic or its checks.
    package var speaksTLS: Bool { usesTLS || checkUsesTLS == true }
    /// `check-sni`.
    package var checkSNI: String?
    /// `check-alpn`, in the order of preference.
    package var checkALPN: [String] = []

    package init() {}
}
