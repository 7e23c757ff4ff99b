// Every kind of address, to listen at and to connect to: IPv6, unix, abstract, inherited, and ports that follow
// the client's.

import ConfigLanguage
import Glibc
import Testing
import Unix

@testable import Proxying

@Suite struct AddressTests {
    private func origin(_ address: SocketAddress) throws -> TestSocket {
        let socket = try Socket.stream(for: address)
        try Socket.bind(socket, to: address)
        try Socket.listen(socket, backlog: 8)
        return TestSocket(owning: socket.release())
    }

    private func accept(_ rig: Rig, _ origin: TestSocket) throws -> TestSocket {
        var accepted: TestSocket?
        try rig.pump("a connection to the origin") {
            guard let next = try? Socket.accept(on: origin.descriptor) else { return false }
            accepted = TestSocket(owning: next.take().release())
            return true
        }
        return try #require(accepted)
    }

    private func client(_ address: SocketAddress) throws -> TestSocket {
        let socket = try Socket.stream(for: address)
        _ = try Socket.connect(socket.raw, to: address)
        return TestSocket(owning: socket.release())
    }

    private func exchange(_ rig: Rig, _ client: TestSocket, _ origin: TestSocket) throws {
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let server = try accept(rig, origin)
        try rig.expect("GET / HTTP/1.1\r\n", at: server)
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        try rig.expect("\r\n\r\nok", at: client)
    }

    @Test func unixSockets() throws {
        let path = "/tmp/proxying-\(getpid())"
        let origin = try origin(.unix(path: path + "-o.sock"))
        defer {
            unlink(path + "-o.sock")
            unlink(path + "-f.sock")
        }
        let rig = try Rig(
            text: "listen fe\n bind unix@\(path)-f.sock mode 600\n server s1 unix@\(path)-o.sock\n")
        try rig.core.listeners[0].socket.publish()
        var facts = stat()
        #expect(stat(path + "-f.sock", &facts) == 0 && facts.st_mode & 0o777 == 0o600)
        try exchange(rig, client(.unix(path: path + "-f.sock")), origin)
    }

    @Test func abstractNamesArePaddedAsHAProxysAre() throws {
        let name = "proxying-\(getpid())"
        let origin = try origin(.paddedAbstract(name: name + "-o"))
        let rig = try Rig(text: "listen fe\n bind abns@\(name)-f\n server s1 abns@\(name)-o\n")
        try exchange(rig, client(.paddedAbstract(name: name + "-f")), origin)
        #expect(rig.core.listeners[0].socket.address.description == "abns@\(name)-f")
    }

    @Test func version6() throws {
        let host = SocketAddress.ipv6(high: 0, low: 1, port: 0, scope: 0)
        let origin = try origin(host)
        let port = try #require(try Socket.localAddress(origin.descriptor).port)
        let free = try self.origin(host)
        let front = try Socket.localAddress(free.descriptor)
        let frontPort = try #require(front.port)
        free.close()
        let rig = try Rig(
            text: "listen fe\n bind [::1]:\(frontPort)\n option forwardfor\n server s1 [::1]:\(port)\n")
        let client = try client(front)
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let server = try accept(rig, origin)
        try rig.expect("X-Forwarded-For: ::1\r\n", at: server)
    }

    @Test func aServersPortMayFollowTheClients() throws {
        // Two ports, of which the second is a known distance from the first.
        let rig = try Rig(origins: 1) { _, backend in
            backend.servers[0].endpoint = .tcp(host: "127.0.0.1", family: nil, port: .same)
        }
        let origin = try Socket.localAddress(rig.origins[0].raw)
        let front = try #require(rig.core.listeners[0].socket.address.port)
        let server = rig.core.backends[0].servers[0]
        let local = SocketAddress.ipv4(0x7F00_0001, port: front)
        #expect(server.destination(from: local) == local)
        #expect(server.followsClient && server.checkTarget == nil)
        let distance = Int(try #require(origin.port)) - Int(front)
        let other = try Rig(origins: 1) { _, backend in
            backend.servers[0].endpoint = .tcp(host: "127.0.0.1", family: nil, port: .offset(distance))
        }
        let offset = other.core.backends[0].servers[0]
        #expect(offset.destination(from: local) == origin)
    }

    @Test func aServerWithAnOffsetIsReached() throws {
        let origin = try origin(.ipv4(0x7F00_0001, port: 0))
        let port = try #require(try Socket.localAddress(origin.descriptor).port)
        let listener = try self.origin(.ipv4(0x7F00_0001, port: 0))
        let front = try Socket.localAddress(listener.descriptor)
        let distance = Int(port) - Int(try #require(front.port))
        let rig = try Rig(
            text:
                "listen fe\n bind fd@\(listener.descriptor)\n server s1 127.0.0.1:\(distance < 0 ? "" : "+")"
                + "\(distance)\n")
        try exchange(rig, client(front), origin)
        #expect(rig.core.backends[0].servers[0].idleConnections == 0)
    }
}
