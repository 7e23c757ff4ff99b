// What a look asks of the machine and of the proxy, and that it stays true where it asks for less.

import Glibc
import Observing
import ReloadModel
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct CostTests {
    @Test func bothFamiliesAreListedInOneWalk() throws {
        func listen(_ address: SocketAddress) throws -> Descriptor {
            let socket = try Socket.stream(for: address)
            try Socket.bind(socket, to: address)
            try Socket.listen(socket, backlog: 1)
            return socket
        }
        let four = try listen(.ipv4(0x7f00_0001, port: 0))
        let six = try listen(.ipv6(high: 0, low: 1, port: 0, scope: 0))
        let fourPort = try #require(try Socket.localAddress(four.raw).port)
        let sixPort = try #require(try Socket.localAddress(six.raw).port)
        let all = try SocketDiagnosis.internet(states: SocketDiagnosis.listening)
        #expect(all.contains { $0.localPort == fourPort && !$0.isIPv6 })
        #expect(all.contains { $0.localPort == sixPort && $0.isIPv6 })
        var ports: Set<UInt16> = []
        try SocketDiagnosis.forEachInternet(states: SocketDiagnosis.listening, ports: [sixPort]) {
            ports.insert($0.localPort)
        }
        #expect(ports == [sixPort])
        withExtendedLifetime((four.raw, six.raw)) {}
    }

    /// Each question is a session more on the worker's side. A worker that does something is asked one question a look,
    /// one that does nothing only now and then; and what it tells is true all the same.
    @Test(arguments: ProxyKind.allCases)
    func anOldWorkerIsAskedOnceALookAtMost(kind: ProxyKind) throws {
        let watched = try WatchedProxy(kind)
        let clients = try watched.connect(2)
        watched.proxy.program.signal(SIGUSR2)
        try watched.look(for: "one draining worker") { $0.workers.map(\.state) == [.serving, .draining] }
        let observer = Observer(try Observer.find(pid: watched.proxy.master))
        func sessions() throws -> Int {
            // The worker has ended the session before.
            poll(nil, 0, 20)
            return try #require(observer.sample().workers.last?.traffic.value?.connections)
        }
        for _ in 0..<3 { _ = try sessions() }
        let before = try sessions()
        var after = before
        for _ in 0..<20 { after = try sessions() }
        #expect(after - before <= 8, "\(after - before) questions in 20 looks")
        #expect(after > before)
        clients[0].reset()
        try wait(for: "one client at the next look") {
            observer.sample().workers.last?.connections.value == 1
        }
        withExtendedLifetime(clients) {}
    }

    /// A client that has ended its side is no client any more, although the worker counts it.
    @Test func whatAClientLeftKeepsTheWorkerAndIsNamedSo() throws {
        let watched = try WatchedProxy()
        let clients = try watched.connect(2)
        watched.proxy.program.signal(SIGUSR2)
        try watched.look(for: "two clients") {
            $0.workers.last?.holders.value == [Holder(kind: .clients, count: 2)]
        }
        clients[0].endSending()
        try watched.look(for: "one client of two connections") {
            $0.workers.last?.holders.value == [Holder(kind: .clients, count: 1)]
                && $0.workers.last?.connections.value == 2
        }
        clients[1].endSending()
        let late = try watched.look(for: "no client") {
            $0.workers.last?.holders.value == [Holder(kind: .servers, count: 2)]
        }
        #expect(late.workers.last?.state == .draining)
    }

    @Test func theNewestProcessHasTheNewestNumber() throws {
        let program = try RunningProgram("/bin/sleep", ["100"], in: try ScratchFolder())
        // Others start programs meanwhile; their numbers lie close behind.
        let newest = try #require(ProcTree().newestPID())
        #expect(newest >= program.pid || newest < program.pid - 1000)
        program.stop()
    }
}
