// Host names to addresses with the system's resolver, at load only: it waits for DNS.

import ConfigLanguage
import Glibc

enum HostNames {
    /// The first address of a name; IPv4 goes before IPv6 unless one of them is asked for, as in HAProxy.
    static func resolve(
        _ host: String, _ family: Endpoint.Family?
    ) -> Result<String, OutsideFailure> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_family =
            switch family {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            case nil: AF_UNSPEC
            }
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0, let list else {
            return .failure(OutsideFailure(String(cString: gai_strerror(code))))
        }
        defer { freeaddrinfo(list) }
        let entries = sequence(first: list) { $0.pointee.ai_next }
        let best = entries.first { $0.pointee.ai_family == AF_INET } ?? list
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let named = getnameinfo(
            best.pointee.ai_addr, best.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
            NI_NUMERICHOST)
        guard named == 0 else { return .failure(OutsideFailure(String(cString: gai_strerror(named)))) }
        return .success(text.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
}
