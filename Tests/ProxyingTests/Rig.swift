// A proxy core, its clients and its origin on one loop and one thread: a test says what each socket does, and
// pumps the loop until a condition holds.

import ConfigLanguage
import Glibc
import Polling
import Testing
import Unix

@testable import Proxying

/// A plain socket in a test's hand.
final class TestSocket {
    private(set) var descriptor: Int32
    private(set) var received: [UInt8] = []
    private(set) var hasEnded = false
    private(set) var wasReset = false

    init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close()
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Closes with a reset.
    func reset() {
        Socket.setResetOnClose(descriptor)
        close()
    }

    func endSending() { Socket.shutdownWrite(descriptor) }

    /// Sends what fits; the number of bytes sent.
    @discardableResult
    func send(_ bytes: some Collection<UInt8>) -> Int {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let result = bytes.withUnsafeBytes {
                Socket.write(descriptor, UnsafeRawBufferPointer(rebasing: $0[sent...]))
            }
            guard case .moved(let count) = result else { break }
            sent += count
        }
        return sent
    }

    @discardableResult
    func send(_ text: String) -> Int { send(text.utf8) }

    /// Takes what has arrived.
    func read() {
        guard descriptor >= 0 else { return }
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            switch chunk.withUnsafeMutableBytes({ Socket.read(descriptor, into: $0) }) {
            case .moved(let count): received += chunk[..<count]
            case .wouldBlock: return
            case .ended:
                hasEnded = true
                return
            case .failed:
                hasEnded = true
                wasReset = true
                return
            }
        }
    }

    var text: String {
        read()
        return String(decoding: received, as: UTF8.self)
    }

    /// What has arrived, which is then forgotten.
    func take() -> String {
        defer { received = [] }
        return text
    }
}

extension String {
    /// Without how long checks took, which is another every time.
    var timeless: String { replacing(/check duration: \d+ms/, with: "check duration: Nms") }
}

final class Rig {
    let loop: EventLoop
    let core: ProxyCore
    let origins: [ListeningOrigin]
    private(set) var reports: [String] = []

    /// A listening socket of the test.
    final class ListeningOrigin {
        let raw: Int32
        init(_ raw: Int32) { self.raw = raw }
        deinit { close(raw) }
    }

    /// A configuration's text, in which `front1` is the address of a listening socket of the rig, and `origin1`
    /// that of its first origin. Mode HTTP and generous timeouts are its defaults.
    convenience init(text: String, origins count: Int = 1) throws {
        // The proxy duplicates them.
        var fronts: [ListeningOrigin] = []
        try self.init(originCount: count) { ports in
            try Self.configuration(text, ports) { _ in
                let address = SocketAddress.ipv4(0x7F00_0001, port: 0)
                let socket = try Socket.stream(for: address)
                try Socket.bind(socket, to: address)
                fronts.append(ListeningOrigin(socket.release()))
                return "fd@\(fronts[fronts.count - 1].raw)"
            }
        }
    }

    /// `front`: what stands for listening socket 1 to 3.
    private static func configuration(
        _ text: String, _ ports: [UInt16], front: (Int) throws -> String
    ) throws -> Configuration {
        var text = text
        for (index, port) in ports.enumerated() {
            text.replace("origin\(index + 1)", with: "127.0.0.1:\(port)")
        }
        for number in 1...3 where text.contains("front\(number)") {
            text.replace("front\(number)", with: try front(number))
        }
        let defaults =
            "global\n maxconn 100\ndefaults\n mode http\n timeout client 10s\n timeout server 10s\n"
            + " timeout connect 5s\n"
        let result = ConfigurationParser.parse(
            [Source(name: "test.cfg", text: defaults + text)],
            in: Surroundings(readFile: { path in
                do throws(Errno) {
                    return .success(try File.read(path))
                } catch {
                    return .failure(OutsideFailure(error.description))
                }
            }))
        return try #require(result.configuration, "\(result.diagnostics)")
    }

    /// A configuration with one frontend `fe` and one backend `be` whose servers are this rig's origins.
    convenience init(
        origins count: Int = 1, _ adjust: (inout Proxy, inout Proxy) -> Void = { _, _ in },
        global: (inout Global) -> Void = { _ in }
    ) throws {
        try self.init(originCount: count) { ports in
            Self.configuration(ports, adjust, global)
        }
    }

    private static func configuration(
        _ ports: [UInt16], _ adjust: (inout Proxy, inout Proxy) -> Void, _ global: (inout Global) -> Void
    ) -> Configuration {
        let position = Position(file: "test.cfg", line: 1)
        var frontend = Proxy(name: "fe", kind: .frontend, position: position)
        frontend.settings.mode = .http
        frontend.settings.defaultBackend = "be"
        frontend.settings.timeouts.client = .seconds(10)
        frontend.binds = [
            Bind(position: position, endpoints: [.tcp(host: "127.0.0.1", family: nil, port: .number(0))])
        ]
        var backend = Proxy(name: "be", kind: .backend, position: position)
        backend.settings.mode = .http
        backend.settings.timeouts.connect = .seconds(5)
        backend.settings.timeouts.server = .seconds(10)
        for (number, port) in ports.enumerated() {
            backend.servers.append(
                ServerLine(
                    name: "s\(number + 1)", position: position,
                    endpoint: .tcp(host: "127.0.0.1", family: nil, port: .number(port))))
        }
        adjust(&frontend, &backend)
        var configuration = Configuration()
        configuration.global.maxconn = 100
        global(&configuration.global)
        configuration.proxies = [frontend, backend]
        return configuration
    }

    /// A worker after this one: on the same loop, with the same origins, and with this one's listeners.
    func successor(
        _ adjust: (inout Proxy, inout Proxy) -> Void = { _, _ in },
        global: (inout Global) -> Void = { _ in }
    ) throws -> Rig {
        try Rig(after: self, configuration: Self.configuration(try originPorts, adjust, global))
    }

    /// The same with a configuration's text; `front1` is this one's first listener.
    func successor(text: String) throws -> Rig {
        try Rig(
            after: self,
            configuration: Self.configuration(text, try originPorts) { core.listeners[$0 - 1].socket.key })
    }

    private var originPorts: [UInt16] {
        get throws { try origins.map { try #require(try Socket.localAddress($0.raw).port) } }
    }

    private init(after older: Rig, configuration: Configuration) throws {
        var collect: (String) -> Void = { _ in }
        loop = older.loop
        origins = older.origins
        core = try ProxyCore(
            configuration: configuration, loop: loop,
            inherited: { key in
                older.core.listeners.first { $0.socket.key == key }.map { dup($0.socket.descriptor) }
            }, report: { _, text in collect(text) })
        collect = { [weak self] in self?.reports.append($0) }
        core.start()
    }

    private init(originCount: Int, configuration: ([UInt16]) throws -> Configuration) throws {
        let loop = try EventLoop()
        var origins: [ListeningOrigin] = []
        var ports: [UInt16] = []
        for _ in 0..<originCount {
            let address = SocketAddress.ipv4(0x7F00_0001, port: 0)
            let socket = try Socket.stream(for: address)
            try Socket.bind(socket, to: address)
            try Socket.listen(socket, backlog: 64)
            ports.append(try #require(try Socket.localAddress(socket.raw).port))
            origins.append(ListeningOrigin(socket.release()))
        }
        var collect: (String) -> Void = { _ in }
        core = try ProxyCore(configuration: configuration(ports), loop: loop) { _, text in collect(text) }
        self.loop = loop
        self.origins = origins
        collect = { [weak self] in self?.reports.append($0) }
        core.start()
    }

    deinit {
        core.hardStop(isOverdue: false)
    }

    /// Runs the loop until `condition` holds; fails the test after fifteen seconds.
    func pump(
        _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, until condition: () -> Bool
    ) throws {
        let deadline = Instant.now() + .seconds(15)
        while !condition() {
            try #require(Instant.now() < deadline, what, sourceLocation: sourceLocation)
            try loop.runOnce(longestWait: .milliseconds(2))
        }
    }

    /// Lets everything that is on its way arrive.
    func settle() throws {
        for _ in 0..<20 { try loop.runOnce(longestWait: .milliseconds(1)) }
    }

    /// A client of a listener, the first one unless told.
    func client(of listener: Int = 0) throws -> TestSocket {
        let address = core.listeners[listener].socket.address
        let socket = try Socket.stream(for: address)
        _ = try Socket.connect(socket.raw, to: address)
        Socket.setNoDelay(socket.raw)
        return TestSocket(owning: socket.release())
    }

    /// One whole exchange on `client` with whatever connection the proxy uses; that connection, if it is new.
    @discardableResult
    func exchange(
        _ client: TestSocket, _ path: String = "/", over open: TestSocket? = nil, origin: Int = 0
    ) throws -> TestSocket {
        client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
        let server = try open ?? acceptAtOrigin(origin)
        try expect("\r\n\r\n", at: server)
        _ = server.take()
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        try expect("\r\n\r\nok", at: client)
        _ = client.take()
        return server
    }

    /// Whether a connection waits at an origin after everything has settled.
    func hasNewConnection(atOrigin number: Int = 0) throws -> Bool {
        try settle()
        var poll = pollfd(fd: origins[number].raw, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, 0) > 0
    }

    /// The next connection that the proxy opens to an origin.
    func acceptAtOrigin(_ number: Int = 0) throws -> TestSocket {
        var accepted: TestSocket?
        try pump("a connection to origin \(number)") {
            guard accepted == nil, let next = try? Socket.accept(on: origins[number].raw) else {
                return accepted != nil
            }
            accepted = TestSocket(owning: next.take().release())
            return true
        }
        return try #require(accepted)
    }

    /// Sends a request of `client` on a new connection of the first origin, where `text` of it arrives: that connection.
    func forward(_ request: String, of client: TestSocket, until text: String = "GET") throws -> TestSocket {
        client.send(request)
        let server = try acceptAtOrigin()
        try expect(text, at: server)
        return server
    }

    /// Waits until a socket has received `text` somewhere in what came.
    func expect(
        _ text: String, at socket: TestSocket, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try pump("\(text.debugDescription) to arrive", sourceLocation: sourceLocation) {
            socket.text.contains(text)
        }
    }

    func expectEnd(of socket: TestSocket, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try pump("the connection to end", sourceLocation: sourceLocation) {
            socket.read()
            return socket.hasEnded
        }
    }
}
