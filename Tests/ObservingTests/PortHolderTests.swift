// Who has the port that a load could not bind: only those who listen where it wanted to.

import Glibc
import TestSupport
import Testing
import Unix

@testable import Observing

@Suite struct PortHolderTests {
    private func isFound(_ port: UInt16, for host: String) -> Bool {
        PortHolderSearch(
            "cannot bind socket (Address already in use) for [\(host):\(port)]", files: [], family: [],
            proc: ProcTree()) != nil
    }

    @Test(arguments: [
        ("127.0.0.1", ["127.0.0.1", "0.0.0.0", "::"], ["127.0.0.2", "::1"]),
        ("0.0.0.0", ["127.0.0.1", "0.0.0.0", "::"], ["::1"]),
        ("::", ["127.0.0.1", "0.0.0.0", "::", "::1"], []),
        ("::1", ["::", "::1"], ["127.0.0.1", "0.0.0.0", "fe80::1"]),
    ])
    func anotherAddressOfThePortIsNoHolder(_ host: String, found: [String], missed: [String]) throws {
        let place = try #require(SocketAddress(numeric: host, port: 0))
        let listener = try Socket.stream(for: place)
        try Socket.bind(listener, to: place)
        try Socket.listen(listener, backlog: 1)
        let port = try #require(try Socket.localAddress(listener.raw).port)
        for wanted in found { #expect(isFound(port, for: wanted), "\(host) and \(wanted)") }
        for wanted in missed { #expect(!isFound(port, for: wanted), "\(host) and \(wanted)") }
    }
}
