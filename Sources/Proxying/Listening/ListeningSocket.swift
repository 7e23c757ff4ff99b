// A listening socket that the worker inherited or bound: TCP, unix, abstract or `fd@N`.
//
// An inherited unix socket serves as long as it is the one that stands at its path; where somebody took the path away
// a new one is made, and the older worker serves what is queued on the lost one. TCP sockets do not use SO_REUSEPORT:
// a port that somebody else holds is an error, not a split.

import CLinux
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
    /// Names the socket over reloads: `tcp@127.0.0.1:80`, `unix@/run/a.sock#2049:1234` with the file that stands at
    /// the path, `abns@name`, `fd@3`; `#2` is appended where one configuration names an address for the second time.
    package let key: String
    /// Where it really listens.
    package let address: SocketAddress
    package let position: Position
    package let options: BindOptions
    /// False: it came from another process.
    package let isNew: Bool
    /// -1 once closed.
    package private(set) var descriptor: Int32
    /// Of a unix socket that was bound here.
    private var path: SocketPath?

    init(
        key: String, position: Position, options: BindOptions, isNew: Bool, descriptor: consuming Descriptor,
        place: SocketAddress? = nil, path: SocketPath? = nil
    ) {
        self.key = key
        self.position = position
        self.options = options
        self.isNew = isNew
        self.path = path
        address = place ?? (try? Socket.localAddress(descriptor.raw)) ?? .unix(path: "")
        self.descriptor = descriptor.release()
    }

    deinit {
        close()
    }

    /// Gives a unix socket its real name, in place of what stands there; nothing for others, or a second time.
    package func publish() throws(Errno) {
        try path?.publish()
    }

    /// Closes this process's copy; a name that was never published goes with it.
    package func close() {
        path?.discard()
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}

/// Opens the sockets of one configuration.
struct SocketOpening {
    /// Gives the descriptor that another process passed under a key; the receiver owns it.
    let inherited: (String) -> Int32?
    private(set) var failures: [BindFailure] = []
    private var seen: [String: Int] = [:]
    /// Sockets of this proxy that may hold a port of which another address is wanted now.
    private var neighbours: [Int32]

    init(inherited: @escaping (String) -> Int32?, neighbours: [Int32] = []) {
        self.inherited = inherited
        self.neighbours = neighbours
    }

    /// Opens what a line names; nil, and a failure noted, where that cannot be.
    mutating func open(
        _ endpoint: Endpoint, position: Position, options: BindOptions, backlog: Int, owner: String
    ) -> ListeningSocket? {
        let place = Self.address(of: endpoint)
        var (key, number) = uniqueKey(of: endpoint)
        var unixPath: String?
        if case .unix(let path)? = place {
            unixPath = path
            key = Self.key(ofPath: path, FileIdentity(of: path))
        }
        func failed(_ what: String, _ error: Errno?) -> BindFailure {
            BindFailure(
                position: position, owner: owner,
                reason: error.map { "\(what) (\($0.description))" } ?? what,
                address: place?.bindDescription ?? String(key.drop { $0 != "@" }.dropFirst()))
        }
        if let number = inherited(key) {
            let socket = Descriptor(owning: number)
            try? setNonBlocking(socket.raw)
            Glibc.listen(socket.raw, Int32(clamping: backlog))
            return ListeningSocket(
                key: key, position: position, options: options, isNew: false, descriptor: socket,
                place: unixPath == nil ? nil : place)
        }
        do throws(Errno) {
            if case .descriptor(let number) = endpoint {
                let socket = Descriptor(
                    owning: try Errno.check(clinux_fcntl(number, F_DUPFD_CLOEXEC, 3)))
                try setNonBlocking(socket.raw)
                Glibc.listen(socket.raw, Int32(clamping: backlog))
                return ListeningSocket(
                    key: key, position: position, options: options, isNew: true, descriptor: socket)
            }
        } catch {
            failures.append(failed("cannot use the inherited descriptor", error))
            return nil
        }
        guard let place else {
            failures.append(failed("not a numeric address", nil))
            return nil
        }
        var step = "cannot create listening socket"
        do throws(Errno) {
            let socket = try Socket.stream(for: place)
            step = "cannot set socket options"
            try Self.setOptions(socket.raw, for: place, options)
            step = "cannot bind socket"
            if let unixPath {
                let path = try SocketPath(
                    binding: socket, for: unixPath, number: number, mode: options.mode, uid: options.uid,
                    gid: options.gid, backlog: backlog)
                return ListeningSocket(
                    key: Self.key(ofPath: unixPath, path.identity), position: position, options: options,
                    isNew: true, descriptor: socket, place: place, path: path)
            }
            do throws(Errno) {
                try Socket.bind(socket, to: place)
                step = "cannot listen to socket"
                try Socket.listen(socket, backlog: backlog)
            } catch .addressInUse {
                try bindBesideNeighbours(socket, to: place, backlog: backlog)
            }
            neighbours.append(socket.raw)
            return ListeningSocket(
                key: key, position: position, options: options, isNew: true, descriptor: socket)
        } catch {
            failures.append(failed(step, error))
            return nil
        }
    }

    /// A port that this proxy holds itself, on another address: `*:80` beside `127.0.0.1:80`, or in its place. All of
    /// them share the port for the moment of the bind. A process of the same user that asks for sharing could join
    /// such a port later, as it can join every port of HAProxy's.
    private func bindBesideNeighbours(
        _ socket: borrowing Descriptor, to place: SocketAddress, backlog: Int
    ) throws(Errno) {
        let ours = neighbours.filter { number in
            let address = try? Socket.localAddress(number)
            return address?.port != nil && address?.port == place.port
        }
        guard !ours.isEmpty else { throw .addressInUse }
        let sharing = ours + [socket.raw]
        defer {
            for number in sharing { try? Socket.setOption(number, SOL_SOCKET, SO_REUSEPORT, 0) }
        }
        for number in sharing { try Socket.setOption(number, SOL_SOCKET, SO_REUSEPORT, 1) }
        try Socket.bind(socket, to: place)
        try Socket.listen(socket, backlog: backlog)
    }

    /// The key, and how often the configuration has named the address by now.
    private mutating func uniqueKey(of endpoint: Endpoint) -> (key: String, number: Int) {
        let key = Self.key(of: endpoint)
        let number = seen[key, default: 0] + 1
        seen[key] = number
        return (number == 1 ? key : "\(key)#\(number)", number)
    }

    /// A path without a file has no socket that could be inherited.
    private static func key(ofPath path: String, _ file: FileIdentity?) -> String {
        "unix@\(path)#\(file?.description ?? "")"
    }

    static func key(of endpoint: Endpoint) -> String {
        switch endpoint {
        case .tcp(let host, _, .number(let port)):
            if let address = address(of: endpoint) { return "tcp@\(address)" }
            return "tcp@\(host ?? "*"):\(port)"
        case .tcp(let host, _, _): return "tcp@\(host ?? "*")"
        case .unix(let path): return "unix@\(path)"
        case .abstract(let name): return "abns@\(name)"
        case .descriptor(let number): return "fd@\(number)"
        }
    }

    /// The address to bind; nil for a descriptor or a name that is not numeric.
    static func address(of endpoint: Endpoint) -> SocketAddress? {
        switch endpoint {
        case .tcp(let host, let family, .number(let port)):
            if let host, host != "*" { return SocketAddress(numeric: host, port: port) }
            return SocketAddress(numeric: family == .ipv6 ? "::" : "0.0.0.0", port: port)
        case .unix(let path): return .unix(path: path)
        case .abstract(let name): return .paddedAbstract(name: name)
        case .tcp, .descriptor: return nil
        }
    }

    private static func setOptions(
        _ socket: Int32, for address: SocketAddress, _ options: BindOptions
    ) throws(Errno) {
        switch address {
        case .unix, .abstract: return
        case .ipv6:
            if options.v6only || options.v4v6 {
                try Socket.setOption(socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY, options.v6only ? 1 : 0)
            }
        case .ipv4: break
        }
        try Socket.setOption(socket, SOL_SOCKET, SO_REUSEADDR, 1)
        // Accepted connections inherit it: one system call less for each of them.
        Socket.setNoDelay(socket)
        if options.transparent {
            try Socket.setOption(socket, Int32(IPPROTO_IP), IP_TRANSPARENT, 1)
        }
        if let interface = options.interface {
            let result = interface.withCString {
                setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, $0, socklen_t(interface.utf8.count + 1))
            }
            if result != 0 { throw .last }
        }
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
