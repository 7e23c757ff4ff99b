// `-S ADDR[,option[,value]]*`: where the master CLI listens and who may do what there.

import Glibc
import RuntimeAPI
import Unix

/// One `-S` argument.
package struct MasterSocket: Equatable, Sendable {
    /// Why an argument is none; the text names the argument.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    package var address: SocketAddress
    package var level = CommandLevel.admin
    package var mode: mode_t?
    package var user: String?
    package var group: String?

    /// Reads `/run/haproxy-master.sock,mode,600,level,operator`.
    package init(_ argument: String) throws(Fault) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard let address = Self.address(words[0]) else {
            throw Fault(
                description: "-S needs a path, 'abns@NAME' or 'IP:PORT', found '\(words[0])'")
        }
        self.address = address
        var index = 1
        func fault(_ expected: String) -> Fault {
            let value = index + 1 < words.count ? "'\(words[index + 1])'" : "nothing"
            return Fault(description: "-S \(words[index]) needs \(expected), found \(value)")
        }
        while index < words.count {
            let value = index + 1 < words.count ? words[index + 1] : ""
            switch words[index] {
            case "level":
                guard let level = CommandLevel(name: value) else {
                    throw fault("'user', 'operator' or 'admin'")
                }
                self.level = level
            case "mode":
                guard let mode = mode_t(value, radix: 8), mode <= 0o7777 else {
                    throw fault("an octal file mode")
                }
                self.mode = mode
            case "user", "uid":
                guard !value.isEmpty else { throw fault("a user") }
                user = value
            case "group", "gid":
                guard !value.isEmpty else { throw fault("a group") }
                group = value
            default:
                throw Fault(
                    description:
                        "-S knows the options 'level', 'mode', 'user', 'group', found '\(words[index])'")
            }
            index += 2
        }
    }

    private static func address(_ text: String) -> SocketAddress? {
        if text.hasPrefix("/") { return .unix(path: text) }
        if text.hasPrefix("unix@") { return .unix(path: String(text.dropFirst(5))) }
        if text.hasPrefix("abns@") { return .paddedAbstract(name: String(text.dropFirst(5))) }
        var rest = text[...]
        var anyHost = "0.0.0.0"
        for (prefix, any) in [("ipv4@", "0.0.0.0"), ("ipv6@", "::")] where rest.hasPrefix(prefix) {
            rest = rest.dropFirst(prefix.count)
            anyHost = any
        }
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]),
            port > 0
        else { return nil }
        var host = String(rest[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return SocketAddress(numeric: host.isEmpty || host == "*" ? anyHost : host, port: port)
    }

    /// The same with a relative path seen from `-C`'s folder, where there is one.
    package func seen(from directory: String?) -> MasterSocket {
        guard let directory, case .unix(let path) = address, !path.hasPrefix("/") else { return self }
        var socket = self
        socket.address = .unix(path: "\(directory)/\(path)")
        return socket
    }

    /// Binds and listens.
    package func open() throws(Errno) -> Descriptor {
        let socket = try Socket.stream(for: address)
        guard case .unix(let path) = address else {
            if address.port != nil { try Socket.setOption(socket.raw, SOL_SOCKET, SO_REUSEADDR, 1) }
            try Socket.bind(socket, to: address)
            try Socket.listen(socket, backlog: 1024)
            return socket
        }
        var place = try SocketPath(
            binding: socket, for: path, mode: mode, uid: try user.map(Self.userID),
            gid: try group.map(Self.groupID), backlog: 1024)
        do throws(Errno) {
            try place.publish()
        } catch {
            place.discard()
            throw error
        }
        return socket
    }

    private static func userID(_ name: String) throws(Errno) -> uid_t {
        if let number = uid_t(name) { return number }
        guard let entry = getpwnam(name) else { throw .invalidArgument }
        return entry.pointee.pw_uid
    }

    private static func groupID(_ name: String) throws(Errno) -> gid_t {
        if let number = gid_t(name) { return number }
        guard let entry = getgrnam(name) else { throw .invalidArgument }
        return entry.pointee.gr_gid
    }
}
