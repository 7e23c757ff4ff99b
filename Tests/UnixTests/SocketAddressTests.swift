// Addresses in both directions: text, kernel form, and back.

import Glibc
import Testing

@testable import Unix

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:80"), ("0.0.0.0", "0.0.0.0:80"), ("::1", "::1:80"),
        ("2001:db8::7", "2001:db8::7:80"),
    ])
    func readsNumericHosts(_ host: String, _ description: String) throws {
        let address = try #require(SocketAddress(numeric: host, port: 80))
        #expect(address.description == description)
        #expect(address.host == host)
        #expect(address.port == 80)
    }

    @Test(arguments: ["", "localhost", "127.0.0", "1.2.3.4.5", "::g", "[::1]", "%eth0"])
    func refusesWhatIsNoAddress(_ host: String) {
        #expect(SocketAddress(numeric: host, port: 80) == nil)
    }

    @Test func bindsAndReportsEachFamily() throws {
        for host in ["127.0.0.1", "::1"] {
            let address = try #require(SocketAddress(numeric: host, port: 0))
            let listener = try Socket.stream(for: address)
            try Socket.bind(listener, to: address)
            let bound = try Socket.localAddress(listener.raw)
            #expect(bound.host == host)
            #expect(bound.port != 0)
        }
        let abstract = SocketAddress.abstract(name: "unix-tests-\(getpid())")
        let listener = try Socket.stream(for: abstract)
        try Socket.bind(listener, to: abstract)
        #expect(try Socket.localAddress(listener.raw) == abstract)
    }

    @Test func padsAbstractNamesAsHAProxyDoes() throws {
        let padded = SocketAddress.paddedAbstract(name: "unix-tests-padded-\(getpid())")
        let listener = try Socket.stream(for: padded)
        try Socket.bind(listener, to: padded)
        let bound = try Socket.localAddress(listener.raw)
        #expect(bound == padded)
        #expect(bound.description == "abns@unix-tests-padded-\(getpid())")
    }

    @Test func refusesAPathThatDoesNotFit() throws {
        let long = SocketAddress.unix(path: String(repeating: "x", count: 108))
        let socket = try Socket.stream(for: long)
        #expect(throws: Errno.fileNameTooLong) { try Socket.bind(socket, to: long) }
    }
}
