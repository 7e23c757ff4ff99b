// What the proxies of these tests have in common: a socket for questions, HTTP, and timeouts.

import TestSupport

enum AskedProxy {
    /// A whole configuration, of which `sections` are the frontends and backends.
    static func text(_ folder: ScratchFolder, _ sections: String) -> String {
        """
        global
            stats socket \(folder.file("worker.sock")) mode 600 level admin
        defaults
            mode http
            timeout connect 5s
            timeout client 60s
            timeout server 60s
        \(sections)
        """
    }
}
