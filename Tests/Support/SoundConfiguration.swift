// A configuration in which the doctor finds nothing to mend: what its tests spoil, by hand and in running proxies.

package enum SoundConfiguration {
    /// A frontend on `port` of 127.0.0.1, a server on `serverPort`, and everything that the checklist asks for.
    package static func text(adminSocket: String, port: UInt16, serverPort: UInt16) -> String {
        """
        global
            hard-stop-after 30m
            stats socket \(adminSocket) mode 660 level admin
        defaults
            mode http
            timeout connect 5s
            timeout client 50s
            timeout server 50s
            timeout http-request 10s
            timeout http-keep-alive 5s
            timeout tunnel 10m
            timeout client-fin 30s
        frontend web
            bind 127.0.0.1:\(port)
            default_backend app
        backend app
            server s1 127.0.0.1:\(serverPort)

        """
    }
}
