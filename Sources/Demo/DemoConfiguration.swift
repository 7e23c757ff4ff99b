// The configuration that the demo's proxy runs: short enough to be read on the screen, and with a hard-stop-after
// that lets a watcher see the end of a drain.

struct DemoConfiguration {
    var directory: String
    /// Ports on 127.0.0.1.
    var webPort: UInt16
    var socketPort: UInt16
    var originPort: UInt16
    /// Which reload this file is for; it makes each file differ from the last.
    var edition: Int
    var isBroken: Bool

    var text: String {
        """
        # reloadtop --demo, edition \(edition)
        global
            maxconn 2000
            hard-stop-after 14s
            stats socket \(directory)/worker.sock mode 600 level admin

        defaults
            mode http
            timeout connect 2s
            timeout client 60s
            timeout server 60s
            timeout http-keep-alive 30s
            timeout tunnel 1h

        frontend web
            bind 127.0.0.1:\(webPort)
            default_backend app

        frontend sockets
            bind 127.0.0.1:\(socketPort)
            default_backend app

        backend app
            balance \(isBroken ? "roundrobbin" : "roundrobin")
            server origin 127.0.0.1:\(originPort) weight \(1 + edition % 100)

        """
    }
}
