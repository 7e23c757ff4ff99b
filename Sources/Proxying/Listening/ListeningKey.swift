// What names a listening socket over reloads, and between two processes of which one takes the other's: its address
// and those of its options that a bound socket cannot change. So a `bind` whose `v6only` has changed is another
// socket, and what is queued on the one before is served as on every `bind` that is removed.

import CLinux
import ConfigLanguage
import Glibc
import Unix

/// Makes the keys: `tcp@127.0.0.1:80`, `tcp@:::80 v6only`, `unix@/run/a.sock#2049:1234` with the file that stands at
/// the path, `abns@name`, `fd@3`; `#2` is appended where one configuration names an address for the second time.
package enum ListeningKey {
    /// Of what a configuration wants; a unix socket's key is that of the file which stands at its path now.
    static func of(_ endpoint: Endpoint, _ options: BindOptions) -> String {
        switch endpoint {
        case .tcp(let host, _, let port):
            guard let address = address(of: endpoint) else {
                if case .number(let port) = port { return "tcp@\(host ?? "*"):\(port)" }
                return "tcp@\(host ?? "*")"
            }
            return tcp(
                address, interface: options.interface ?? "", isV6Only: options.v6only,
                isTransparent: options.transparent)
        case .unix(let path): return unix(path, FileIdentity(of: path))
        case .abstract(let name): return "abns@\(name)"
        case .descriptor(let number): return "fd@\(number)"
        }
    }

    /// Of a listening socket of another process; nil for one that no configuration could want.
    package static func of(socket: Int32) -> String? {
        guard (try? Socket.option(socket, SOL_SOCKET, SO_ACCEPTCONN)) == 1,
            (try? Socket.option(socket, SOL_SOCKET, SO_TYPE)) == SOCK_STREAM_NUMBER,
            let address = try? Socket.localAddress(socket)
        else { return nil }
        switch address {
        case .ipv4, .ipv6:
            let v6only = (try? Socket.option(socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY)) ?? 0
            let transparent = (try? Socket.option(socket, Int32(IPPROTO_IP), IP_TRANSPARENT)) ?? 0
            return tcp(
                address, interface: interface(of: socket), isV6Only: v6only != 0,
                isTransparent: transparent != 0)
        case .unix(let bound):
            let path = SocketPath.publicPath(of: bound)
            guard let file = FileIdentity(of: path) else { return nil }
            return unix(path, file)
        case .abstract: return "abns@\(address.host)"
        }
    }

    /// The key, and how often it was asked for by now.
    package static func unique(_ key: String, _ seen: inout [String: Int]) -> (key: String, number: Int) {
        let number = seen[key, default: 0] + 1
        seen[key] = number
        return (number == 1 ? key : "\(key)#\(number)", number)
    }

    /// A path without a file has no socket that could be inherited.
    static func unix(_ path: String, _ file: FileIdentity?) -> String {
        "unix@\(path)#\(file?.description ?? "")"
    }

    private static func tcp(
        _ address: SocketAddress, interface: String, isV6Only: Bool, isTransparent: Bool
    ) -> String {
        var key = "tcp@\(address)"
        // The kernel says it of every socket that is bound to one address of IPv6.
        if isV6Only, case .ipv6(0, 0, _, _) = address { key += " v6only" }
        if isTransparent { key += " transparent" }
        if !interface.isEmpty { key += " interface \(interface)" }
        return key
    }

    private static func interface(of socket: Int32) -> String {
        var name = [CChar](repeating: 0, count: Int(IFNAMSIZ) + 1)
        var size = socklen_t(IFNAMSIZ)
        guard getsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, &name, &size) == 0 else { return "" }
        return name.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
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
}
