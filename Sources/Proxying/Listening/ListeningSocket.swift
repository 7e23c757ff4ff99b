// A listening socket that the worker inherited or bound: TCP, unix, abstract or `fd@N`.
//
// An inherited unix socket serves as long as it is the one that stands at its path; where somebody took the path away
// a new one is made, and the older worker serves what is queued on the lost one.

import ConfigLanguage
import Glibc
import Unix

/// Why one listening socket could not be had.
package struct BindFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package let position: Position
    /// `frontend web`, or `frontend GLOBAL` for admin sockets.
    package let owner: String
    /// What failed, with the system's words.
    package let reason: String
    package let address: String
    /// The address as the kernel has it; nil where there is none.
    package let place: SocketAddress?

    /// HAProxy's words: `Binding [a.cfg:3] for frontend web: cannot bind socket (Address already in use) for
    /// [127.0.0.1:80]`.
    package var description: String {
        "Binding [\(position)] for \(owner): \(reason) for [\(address)]"
    }
}

/// Every socket that could not be had: nothing is served then.
package struct BindFailures: Error, Sendable {
    package let failures: [BindFailure]
}

/// An open listening socket.
package final class ListeningSocket {
    /// As `ListeningKey` makes it.
    package let key: String
    /// Where it really listens.
    package let address: SocketAddress
    package let position: Position
    package let options: BindOptions
    /// -1 once closed, and while an abstract one is paused.
    package private(set) var descriptor: Int32
    /// Whether somebody else may have its port meanwhile.
    package private(set) var isPaused = false
    private let backlog: Int
    /// Of a unix socket that was bound here.
    private var path: SocketPath?
    /// What stood at the path of a unix socket when it was inherited.
    private let inherited: FileIdentity?

    init(
        key: String, position: Position, options: BindOptions, backlog: Int,
        descriptor: consuming Descriptor, place: SocketAddress? = nil, path: SocketPath? = nil,
        inherited: FileIdentity? = nil
    ) {
        self.key = key
        self.position = position
        self.options = options
        self.backlog = backlog
        self.path = path
        self.inherited = inherited
        address = place ?? (try? Socket.localAddress(descriptor.raw)) ?? .unix(path: "")
        self.descriptor = descriptor.release()
    }

    deinit {
        close()
    }

    /// Gives a new unix socket its real name, in place of what stands there, and an inherited one the mode and the
    /// owner that the configuration names now; nothing for others.
    /// False: another file stands at the path of the inherited one by now, and keeps its mode and owner.
    @discardableResult
    package func publish() throws(Errno) -> Bool {
        if path != nil {
            try path?.publish()
        } else if case .unix(let path) = address, let inherited {
            return try SocketPath.setAccess(
                path, of: inherited, mode: options.mode, uid: options.uid, gid: options.gid)
        }
        return true
    }

    /// Lets go of its port, or its abstract name, until `resume`: what is queued there is lost, what comes is refused.
    /// False: it is of a kind that stays, which stands in nobody's way.
    package func pause() -> Bool {
        guard descriptor >= 0, !isPaused else { return false }
        switch address {
        case .ipv4, .ipv6:
            guard shutdown(descriptor, Int32(SHUT_RD)) == 0 else { return false }
        case .abstract:
            Glibc.close(descriptor)
            descriptor = -1
        case .unix: return false
        }
        isPaused = true
        return true
    }

    /// Listens again after `pause`.
    package func resume() throws(Errno) {
        guard isPaused else { return }
        if descriptor >= 0 {
            if listen(descriptor, Int32(clamping: backlog)) != 0 { throw .last }
        } else {
            let socket = try Socket.stream(for: address)
            try Socket.bind(socket, to: address)
            try Socket.listen(socket, backlog: backlog)
            descriptor = socket.release()
        }
        isPaused = false
    }

    /// Closes this process's copy; a name that was never published goes with it.
    package func close() {
        path?.discard()
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
        isPaused = false
    }
}

extension SocketAddress {
    /// As HAProxy names it in its messages: a unix socket's bare path.
    var bindDescription: String {
        switch self {
        case .unix(let path): path
        case .ipv4, .ipv6, .abstract: description
        }
    }
}
