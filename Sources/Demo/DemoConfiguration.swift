// The configuration that the demo's proxy runs: short enough to be read on the screen, and with a hard-stop-after
// that lets a watcher see the end of a drain.

struct DemoConfiguration {
    var directory: String
    /// Ports on 127.0.0.1.
    var webPort: UInt16
    var socketPort: UInt16
    var originPort: UInt16
    var peersPort: UInt16
    /// Which reload this file is for; it makes each file differ from the last.
    var edition: Int
    var isBroken: Bool

    var text: String {
        """
        # reloadtop --demo, edition \(edition)
        global
            maxconn 2000
            hard-stop-after 14s
            localpeer here
            stats socket \(directory)/worker.sock mode 600 level admin

        defaults
            mode http
            timeout connect 2s
            timeout client 60s
            timeout server 60s
            timeout http-keep-alive 30s
            timeout tunnel 1h

        peers carried
            peer here 127.0.0.1:\(peersPort)

        frontend web
            bind 127.0.0.1:\(webPort)
            http-request track-sc0 src table clients
            default_backend app

        frontend sockets
            bind 127.0.0.1:\(socketPort)
            default_backend app

        backend app
            balance \(isBroken ? "roundrobbin" : "roundrobin")
            server origin 127.0.0.1:\(originPort) weight \(1 + edition % 100)

        backend clients
            stick-table type ip size 10k expire 10m peers carried store http_req_cnt,http_req_rate(10s)

        """
    }
}
