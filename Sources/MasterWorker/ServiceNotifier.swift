// Tells systemd what the master is at (sd_notify), in the form of HAProxy 3.5.

import Glibc
import Unix

/// Sends datagrams to NOTIFY_SOCKET; silent where there is none.
package struct ServiceNotifier: Sendable {
    private let address: SocketAddress?

    /// `path`: a path, or `@name` for an abstract socket; nil switches it off.
    package init(socket path: String?) {
        address = path.flatMap { path in
            if path.hasPrefix("@") { return .abstract(name: String(path.dropFirst())) }
            return path.hasPrefix("/") ? .unix(path: path) : nil
        }
    }

    /// The datagram of a status.
    package static func text(_ status: ServiceStatus, pid: Int32, monotonic: Instant) -> String {
        switch status {
        case .ready: "READY=1\nMAINPID=\(pid)\nSTATUS=Ready.\n"
        case .reloading:
            "RELOADING=1\nSTATUS=Reloading Configuration.\nMONOTONIC_USEC=\(monotonic.nanoseconds / 1000)\n"
        case .reloadFailed: "READY=1\nSTATUS=Reload failed!\n"
        case .stopping: "STOPPING=1"
        }
    }

    /// Sends; throws what the socket says.
    package func send(_ status: ServiceStatus, at now: Instant) throws(Errno) {
        guard let address else { return }
        let socket = try Socket.datagram(for: address)
        let bytes = Array(Self.text(status, pid: getpid(), monotonic: now).utf8)
        let raw = socket.raw
        let result = try address.withKernelForm { Glibc.sendto(raw, bytes, bytes.count, 0, $0, $1) }
        if result < 0 { throw .last }
    }
}
