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

    /// A configuration with one frontend `fe` and one backend `be` whose servers are this rig's origins.
    init(
        origins count: Int = 1, _ adjust: (inout Proxy, inout Proxy) -> Void = { _, _ in },
        global: (inout Global) -> Void = { _ in }
    ) throws {
        let loop = try EventLoop()
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
        var origins: [ListeningOrigin] = []
        for number in 0..<count {
            let address = SocketAddress.ipv4(0x7F00_0001, port: 0)
            let socket = try Socket.stream(for: address)
            try Socket.bind(socket, to: address)
            try Socket.listen(socket, backlog: 64)
            let port = try #require(try Socket.localAddress(socket.raw).port)
            origins.append(ListeningOrigin(socket.release()))
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
        var collect: (String) -> Void = { _ in }
        core = try ProxyCore(configuration: configuration, loop: loop) { _, text in collect(text) }
        self.loop = loop
        self.origins = origins
        collect = { [weak self] in self?.reports.append($0) }
        core.start()
    }

    deinit {
        core.hardStop(isOverdue: false)
    }

    /// Runs the loop until `condition` holds; fails the test after five seconds.
    func pump(
        _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, until condition: () -> Bool
    ) throws {
        let deadline = Instant.now() + .seconds(5)
        while !condition() {
            try #require(Instant.now() < deadline, what, sourceLocation: sourceLocation)
            try loop.runOnce(longestWait: .milliseconds(2))
        }
    }

    /// Lets everything that is on its way arrive.
    func settle() throws {
        for _ in 0..<20 { try loop.runOnce(longestWait: .milliseconds(1)) }
    }

    func client() throws -> TestSocket {
        let address = core.listeners[0].socket.address
        let socket = try Socket.stream(for: address)
        _ = try Socket.connect(socket.raw, to: address)
        Socket.setNoDelay(socket.raw)
        return TestSocket(owning: socket.release())
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
