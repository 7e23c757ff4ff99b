// `-R`: asks a running master for a reload over its `-S` socket and waits for its answer. A service manager needs a
// command that fails when the load fails; a signal is out before anybody knows.

import Glibc
import Unix

/// What a master said to `reload`.
package struct ReloadVerdict: Equatable, Sendable {
    /// Nil: it did not say.
    package let isSuccess: Bool?
    /// The log of the load.
    package let log: String

    /// Reads a master's whole answer: `Success=1`, a line of dashes, the log.
    package init(_ answer: String) {
        let first = answer.prefix { $0 != "\n" }
        switch first {
        case "Success=1": isSuccess = true
        case "Success=0": isSuccess = false
        default: isSuccess = nil
        }
        let rest = isSuccess == nil ? answer[...] : answer[first.endIndex...].dropFirst()
        let log = rest.hasPrefix("--\n") ? rest.dropFirst(3) : rest
        // An answer ends with an empty line.
        self.log = String(log.hasSuffix("\n\n") ? log.dropLast() : log)
    }
}

package enum ReloadClient {
    /// Waits as long as the master takes: `tune.reload.ready-timeout` bounds a load, and a load that is under way comes
    /// before. Throws where nobody listens there, or the connection breaks.
    package static func reload(over address: SocketAddress) throws(Errno) -> ReloadVerdict {
        let socket = try Socket.stream(for: address)
        if try !Socket.connect(socket.raw, to: address) {
            wait(for: socket.raw, Int16(POLLOUT))
            if let error = Socket.pendingError(socket.raw) { throw error }
        }
        let flags = try Errno.check(fcntl(socket.raw, F_GETFL))
        _ = try Errno.check(fcntl(socket.raw, F_SETFL, flags & ~O_NONBLOCK))
        try File.writeAll(socket.raw, "reload\n".utf8)
        Socket.shutdownWrite(socket.raw)
        return ReloadVerdict(String(decoding: try File.readAll(socket.raw), as: UTF8.self))
    }

    private static func wait(for socket: Int32, _ events: Int16) {
        var waiting = pollfd(fd: socket, events: events, revents: 0)
        while poll(&waiting, 1, -1) < 0, errno == EINTR {}
    }
}
