// Who has the port that a load could not bind: only those who listen where it wanted to.

import Glibc
import ReloadModel
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

    private func holders(_ reason: String, _ text: String, family: Set<Int32> = []) throws -> String {
        let file = ConfigurationFile(path: "t.cfg", bytes: Array(text.utf8), modifiedAt: 0)
        guard var search = PortHolderSearch(reason, files: [file], family: family, proc: ProcTree()) else {
            return ""
        }
        return try wait(for: "the holders") { search.proceed() }
    }

    @Test func onlyTheHolderOfTheAddressIsNamed() throws {
        let one = try PortHolder(at: "127.0.0.1")
        let port = one.port
        let two = try PortHolder(at: "127.0.0.2", port: port)
        let three = try PortHolder(at: "127.0.0.3", port: port)
        func text(_ squatter: PortHolder) -> String { "port \(port) is held by sleep (pid \(squatter.pid))" }
        let unseen = Observer.unseen + "the master does not tell"
        let bind = "frontend f\n  bind 127.0.0.2:\(port)\n"
        #expect(try holders(unseen, bind) == text(two))
        #expect(
            try holders("cannot bind socket (Address already in use) for [127.0.0.2:\(port)]", "")
                == text(two))
        // What the proxy has it can have again; the address beside it may be somebody else's.
        #expect(try holders(unseen, bind + "  bind 127.0.0.3:\(port)\n", family: [two.pid]) == text(three))
        #expect(try holders(unseen, bind, family: [two.pid]) == "")
        let all = try holders(unseen, "listen l\n  bind *:\(port)\n")
        for squatter in [one, two, three] { #expect(all.contains(text(squatter))) }
        for free in ["127.0.0.4:\(port)", ":::\(port) v6only"] {
            #expect(try holders(unseen, "listen l\n  bind \(free)\n") == "")
        }
    }

    @Test func rangesAndManyPortsAreLookedAt() throws {
        let squatter = try PortHolder(at: "127.0.0.1")
        let first = max(1, min(Int(squatter.port) - 500, 64000))
        let text = "listen l\n  bind 127.0.0.1:\(first)-\(first + 1500)\n"
        #expect(try holders(Observer.unseen, text).contains("sleep (pid \(squatter.pid))"))
    }

    /// An IPv6 socket says itself whether it has the port for IPv4 as well.
    @Test func anIPv6ListenerMayLeaveIPv4ToOthers() throws {
        let place = SocketAddress.ipv6(high: 0, low: 0, port: 0, scope: 0)
        let listener = try Socket.stream(for: place)
        try Socket.setOption(listener.raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1)
        try Socket.bind(listener, to: place)
        try Socket.listen(listener, backlog: 1)
        let port = try #require(try Socket.localAddress(listener.raw).port)
        #expect(!isFound(port, for: "127.0.0.1"))
        #expect(isFound(port, for: "::1"))
    }
}
