// What `overlaps` says of two listeners is what the kernel does.

import Demo
import Glibc
import Testing

@testable import Unix

@Suite struct SocketOverlapTests {
    private static let hosts = ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"]

    private func socket(for address: SocketAddress, isIPv6Only: Bool) throws -> Descriptor {
        let socket = try Socket.stream(for: address)
        if address.family == AF_INET6 {
            try Socket.setOption(socket.raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, isIPv6Only ? 1 : 0)
        }
        return socket
    }

    @Test(arguments: hosts, hosts)
    func theKernelSaysTheSame(_ held: String, _ wanted: String) throws {
        // An IPv4 address in IPv6's form is none for IPv6 alone.
        let kinds = held.contains("ffff") || wanted.contains("ffff") ? [false] : [false, true]
        for isIPv6Only in kinds {
            let port = try FreePort.find()
            let place = try #require(SocketAddress(numeric: held, port: port))
            let listener = try socket(for: place, isIPv6Only: isIPv6Only)
            try Socket.bind(listener, to: place)
            try Socket.listen(listener, backlog: 1)
            let address = try #require(SocketAddress(numeric: wanted, port: port))
            let other = try socket(for: address, isIPv6Only: isIPv6Only)
            try Socket.setOption(other.raw, SOL_SOCKET, SO_REUSEADDR, 1)
            var isTaken = false
            do throws(Errno) {
                try Socket.bind(other, to: address)
            } catch {
                #expect(error == .addressInUse)
                isTaken = true
            }
            let what = "\(held), then \(wanted)\(isIPv6Only ? " (IPv6 only)" : "")"
            #expect(place.overlaps(address, isIPv6Only: isIPv6Only) == isTaken, "\(what)")
            #expect(address.overlaps(place, isIPv6Only: isIPv6Only) == isTaken, "\(what)")
        }
    }

    @Test func anotherPortIsAnotherPlace() {
        let one = SocketAddress.ipv4(0, port: 80)
        #expect(!one.overlaps(.ipv4(0, port: 81)))
        #expect(!SocketAddress.unix(path: "/a").overlaps(.unix(path: "/a")))
    }
}
