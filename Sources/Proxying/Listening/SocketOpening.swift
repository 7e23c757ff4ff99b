// Opens the sockets of one configuration: takes what was inherited, binds the rest.
//
// HAProxy lets every process of its user share its ports (SO_REUSEPORT), so that a new process binds beside the old
// one; the kernel then gives each of them a part of what comes. A process without a master does the same, since there
// is no other way to replace it without `-x`. Under a master listeners are inherited: there a port that somebody else
// holds is an error, not a split; but for a master that replaces such a process, which has to bind beside it.

import CLinux
import ConfigLanguage
import Glibc
import Unix

/// Opens the sockets of one configuration.
struct SocketOpening {
    /// Gives the descriptor that another process passed under a key; the receiver owns it.
    let inherited: (String) -> Int32?
    /// Another process of the same user may have the same ports.
    let sharesPorts: Bool
    /// Asks whoever holds an address to let go of it; false where that is no use.
    let asksToLetGo: () -> Bool
    private(set) var failures: [BindFailure] = []
    private var seen: [String: Int] = [:]
    /// Sockets of this proxy that may hold a port of which another address is wanted now.
    private var neighbours: [Int32]

    init(
        inherited: @escaping (String) -> Int32?, neighbours: [Int32] = [], sharesPorts: Bool = false,
        asksToLetGo: @escaping () -> Bool = { false }
    ) {
        self.inherited = inherited
        self.neighbours = neighbours
        self.sharesPorts = sharesPorts
        self.asksToLetGo = asksToLetGo
    }

    /// A failure, and the step at which it came.
    private struct StepFailure: Error {
        let step: String
        let error: Errno
    }

    /// Opens what a line names; nil, and a failure noted, where that cannot be.
    mutating func open(
        _ endpoint: Endpoint, position: Position, options: BindOptions, backlog: Int, owner: String
    ) -> ListeningSocket? {
        let place = ListeningKey.address(of: endpoint)
        // Two binds of one path are told apart by the path: the second takes the place of the first.
        let path = if case .unix(let path) = endpoint { path } else { nil as String? }
        let standing = path.flatMap { FileIdentity(of: $0) }
        var (key, number) = ListeningKey.unique(
            path.map { "unix@\($0)" } ?? ListeningKey.of(endpoint, options), &seen)
        if let path { key = ListeningKey.unix(path, standing) }
        func failed(_ what: String, _ error: Errno?) -> BindFailure {
            BindFailure(
                position: position, owner: owner,
                reason: error.map { "\(what) (\($0.description))" } ?? what,
                address: place?.bindDescription ?? String(key.drop { $0 != "@" }.dropFirst()),
                place: place)
        }
        if let number = inherited(key) {
            let socket = Descriptor(owning: number)
            do throws(Errno) {
                try setNonBlocking(socket.raw)
                try Socket.listen(socket, backlog: backlog)
            } catch {
                failures.append(failed("cannot use the inherited socket", error))
                return nil
            }
            return ListeningSocket(
                key: key, position: position, options: options, backlog: backlog,
                descriptor: socket, place: path == nil ? nil : place, inherited: standing)
        }
        do throws(Errno) {
            if case .descriptor(let number) = endpoint {
                let socket = Descriptor(
                    owning: try Errno.check(clinux_fcntl(number, F_DUPFD_CLOEXEC, 3)))
                try setNonBlocking(socket.raw)
                try Socket.listen(socket, backlog: backlog)
                return ListeningSocket(
                    key: key, position: position, options: options, backlog: backlog,
                    descriptor: socket)
            }
        } catch {
            failures.append(failed("cannot use the inherited descriptor", error))
            return nil
        }
        guard let place else {
            failures.append(failed("not a numeric address", nil))
            return nil
        }
        do throws(StepFailure) {
            if case .unix(let unixPath) = endpoint {
                let socket = try Self.step("cannot create listening socket") { () throws(Errno) in
                    try Socket.stream(for: place)
                }
                let path = try Self.step("cannot bind socket") { () throws(Errno) in
                    try SocketPath(
                        binding: socket, for: unixPath, number: number, mode: options.mode, uid: options.uid,
                        gid: options.gid, backlog: backlog)
                }
                return ListeningSocket(
                    key: ListeningKey.unix(unixPath, path.identity), position: position, options: options,
                    backlog: backlog, descriptor: socket, place: place, path: path)
            }
            let socket = try bind(place, options, backlog: backlog)
            neighbours.append(socket.raw)
            return ListeningSocket(
                key: key, position: position, options: options, backlog: backlog,
                descriptor: socket)
        } catch {
            failures.append(failed(error.step, error.error))
            return nil
        }
    }

    /// Binds and listens; where somebody holds the address and may let go of it, as often as that helps.
    private func bind(
        _ place: SocketAddress, _ options: BindOptions, backlog: Int
    ) throws(StepFailure) -> Descriptor {
        while true {
            do throws(StepFailure) {
                return try bindOnce(place, options, backlog: backlog, beside: [])
            } catch  where error.error == .addressInUse {
                let ours = neighbours.filter { number in
                    let address = try? Socket.localAddress(number)
                    return address?.port != nil && address?.port == place.port
                }
                if !ours.isEmpty,
                    let socket = try? bindOnce(place, options, backlog: backlog, beside: ours)
                {
                    return socket
                }
                guard asksToLetGo() else { throw error }
            }
        }
    }

    /// `beside`: sockets of this proxy that hold the port on another address, `*:80` beside `127.0.0.1:80`, or with
    /// other options. All of them share the port for the moment of the bind. A process of the same user that asks for
    /// sharing could join such a port later, as it can join every port of HAProxy's.
    private func bindOnce(
        _ place: SocketAddress, _ options: BindOptions, backlog: Int, beside ours: [Int32]
    ) throws(StepFailure) -> Descriptor {
        let socket = try Self.step("cannot create listening socket") { () throws(Errno) in
            try Socket.stream(for: place)
        }
        let raw = socket.raw
        let isShared = place.port != nil && (sharesPorts || !ours.isEmpty)
        let alone = ours.filter { !Self.isSharing($0) }
        defer {
            for number in alone { try? Self.setSharing(number, false) }
            if isShared, !sharesPorts { try? Self.setSharing(raw, false) }
        }
        try Self.step("cannot set socket options") { () throws(Errno) in
            try Self.setOptions(raw, for: place, options)
            for number in alone { try Self.setSharing(number, true) }
            if isShared { try Self.setSharing(raw, true) }
        }
        try Self.step("cannot bind socket") { () throws(Errno) in try Socket.bind(socket, to: place) }
        try Self.step("cannot listen to socket") { () throws(Errno) in
            try Socket.listen(socket, backlog: backlog)
        }
        return socket
    }

    private static func step<Result: ~Copyable>(
        _ name: String, _ action: () throws(Errno) -> Result
    ) throws(StepFailure) -> Result {
        do throws(Errno) {
            return try action()
        } catch {
            throw StepFailure(step: name, error: error)
        }
    }

    private static func isSharing(_ socket: Int32) -> Bool {
        (try? Socket.option(socket, SOL_SOCKET, SO_REUSEPORT)) == 1
    }

    private static func setSharing(_ socket: Int32, _ shares: Bool) throws(Errno) {
        try Socket.setOption(socket, SOL_SOCKET, SO_REUSEPORT, shares ? 1 : 0)
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
