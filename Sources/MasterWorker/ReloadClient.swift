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
    package enum Fault: Error, Equatable {
        /// A socket that its master has left, or none at all.
        case nobodyListens(Errno)
        /// Nobody was asked for another reason.
        case unreachable(Errno)
        /// The master was asked, and its answer did not come.
        case lost(Errno)
    }

    /// Waits as long as the master takes: `tune.reload.ready-timeout` bounds a load, and a load that is under way comes
    /// before.
    package static func reload(over address: SocketAddress) throws(Fault) -> ReloadVerdict {
        let socket: Descriptor
        do throws(Errno) {
            socket = try connection(to: address)
        } catch {
            let isVacant = error == .connectionRefused || error == .noSuchFileOrDirectory
            throw isVacant ? .nobodyListens(error) : .unreachable(error)
        }
        do throws(Errno) {
            try File.writeAll(socket.raw, "reload\n".utf8)
            Socket.shutdownWrite(socket.raw)
            return ReloadVerdict(String(decoding: try File.readAll(socket.raw), as: UTF8.self))
        } catch {
            throw .lost(error)
        }
    }

    /// One that waits, also for a master that has no time to accept.
    private static func connection(to address: SocketAddress) throws(Errno) -> Descriptor {
        let socket = try Socket.stream(for: address)
        let flags = try Errno.check(fcntl(socket.raw, F_GETFL))
        _ = try Errno.check(fcntl(socket.raw, F_SETFL, flags & ~O_NONBLOCK))
        _ = try Socket.connect(socket.raw, to: address)
        return socket
    }
}
