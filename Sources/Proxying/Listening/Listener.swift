// Accepts the clients of one listening socket.

import ConfigLanguage
import Polling
import Unix

/// A `bind` at work.
package final class Listener: Watcher {
    package let socket: ListeningSocket
    package unowned let frontend: Frontend
    /// Client connections that came through it.
    package var sessions = Gauge()

    init(socket: ListeningSocket, frontend: Frontend) {
        self.socket = socket
        self.frontend = frontend
    }

    /// `bind … name`, else its number among its frontend's.
    package var name: String { socket.options.name ?? socket.address.description }
}
