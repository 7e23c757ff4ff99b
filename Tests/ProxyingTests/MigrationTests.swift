// Connections that move from a worker to its successor: both are real cores on one loop, with real sockets between
// them; where the successor misbehaves, the test holds its end of the socket.

import ConfigLanguage
import Migration
import RuntimeAPI
import StickTables
import Testing
import Unix

@testable import Proxying

private let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
private let switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
private let upgrade = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

extension Rig {
    /// The successor serves: from here on this worker drains.
    fileprivate func hand(to successor: Rig) throws {
        let pair = try Socket.packetPair()
        successor.core.takeConnections(from: try pair.one.duplicate())
        core.giveConnections(over: try pair.other.duplicate())
        core.stopAccepting(removed: [])
    }

    /// A client that has made one request and waits.
    fileprivate func idleClient() throws -> (client: TestSocket, server: TestSocket) {
        let client = try client()
        return (client, try exchange(client))
    }

    /// A client whose request has become a WebSocket, and its server.
    fileprivate func webSocket() throws -> (client: TestSocket, server: TestSocket) {
        let client = try client()
        let server = try forward(upgrade, of: client)
        server.send(switched)
        try expect("\r\n\r\n", at: client)
        _ = client.take()
        _ = server.take()
        return (client, server)
    }

    fileprivate var isDrained: Bool { core.counters.clients.current == 0 }
}

/// The end of a successor that the test plays.
private final class PlayedSuccessor {
    private var socket: Descriptor?
    private(set) var descriptors: [Int32] = []

    init(after rig: Rig) throws {
        let pair = try Socket.packetPair()
        socket = try pair.one.duplicate()
        try setNonBlocking(pair.one.raw)
        rig.core.giveConnections(over: try pair.other.duplicate())
        rig.core.stopAccepting(removed: [])
    }

    deinit { closeDescriptors() }

    func closeDescriptors() {
        for number in descriptors { _ = Descriptor(owning: number) }
        descriptors = []
    }

    func say(_ message: MigrationMessage) throws { try say(message.encoded) }

    func say(_ bytes: [UInt8]) throws {
        try DescriptorPassing.send(bytes, descriptors: [], over: socket?.raw ?? -1)
    }

    /// The next message, and its descriptors.
    func receive(_ rig: Rig) throws -> MigrationMessage {
        let raw = socket?.raw ?? -1
        var message: MigrationMessage?
        try rig.pump("a batch") {
            guard case .message(let bytes, let numbers)? = try? DescriptorPassing.receive(over: raw) else {
                return message != nil
            }
            descriptors = numbers
            message = try? MigrationMessage(decoding: bytes)
            return true
        }
        return try #require(message)
    }

    func die() { socket = nil }
}

extension String {
    fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}

extension [UInt8] {
    /// A message as a later release might write it.
    fileprivate var otherVersion: [UInt8] { [self[0] + 1] + dropFirst() }
}

@Suite struct MigrationTests {
    // MARK: Idle clients

    @Test func idleClientsGoOnAtTheSuccessor() throws {
        let old = try Rig()
        let clients = try (0..<70).map { _ in try old.idleClient() }
        let new = try old.successor()
        try old.hand(to: new)
        try old.pump("all to move") { old.isDrained }
        #expect(old.core.moves == DrainMoves(idle: 70))
        #expect(new.core.counters.clients.current == 70)
        #expect(new.core.counters.connections == 0)
        for (client, _) in clients { try new.exchange(client) }
        #expect(clients.allSatisfy { !$0.client.hasEnded })
    }

    @Test func aHalfReadHeadMovesWithItsBytes() throws {
        let old = try Rig()
        let client = try old.client()
        client.send("GET /half HTTP/1.1\r\nHo")
        try old.settle()
        let new = try old.successor()
        try old.hand(to: new)
        try old.pump("it to move") { old.isDrained }
        client.send("st: x\r\n\r\n")
        let server = try new.acceptAtOrigin()
        try new.expect("GET /half HTTP/1.1\r\nHost: x\r\n\r\n", at: server)
        server.send(ok)
        try new.expect("ok", at: client)
    }

    @Test func aResponseThatEndsDuringTheDrainDoesNotEndTheConnection() throws {
        let old = try Rig()
        let client = try old.client()
        let server = try old.forward(get, of: client)
        let new = try old.successor()
        try old.hand(to: new)
        try old.settle()
        server.send(ok)
        try old.expect("ok", at: client)
        try old.pump("it to move") { old.isDrained }
        #expect(!client.text.contains("close"))
        #expect(old.core.drainFigures.finished == 1)
        _ = client.take()
        try new.exchange(client)
    }

    @Test func pipelinedRequestsAreAllAnsweredOnce() throws {
        let old = try Rig()
        let client = try old.client()
        let server = try old.forward(get + get + get, of: client)
        let new = try old.successor()
        try old.hand(to: new)
        try old.settle()
        server.send(ok)
        // The rest is answered where the connection is by then.
        var others: [TestSocket] = []
        var answered: [Int] = [1]
        try old.pump("three answers") {
            if let next = try? Socket.accept(on: old.origins[0].raw) {
                others.append(TestSocket(owning: next.take().release()))
                answered.append(0)
            }
            for (index, other) in ([server] + others).enumerated() {
                let asked = other.text.count(of: "GET /a")
                while answered[index] < asked {
                    other.send(ok)
                    answered[index] += 1
                }
            }
            return client.text.count(of: "\r\n\r\nok") == 3
        }
        #expect(answered.reduce(0, +) == 3)
        #expect(!client.hasEnded)
    }

    @Test func offKeepsThemWhereTheyAre() throws {
        let old = try Rig()
        let (client, server) = try old.idleClient()
        let new = try old.successor(global: { $0.migration = .off })
        try old.hand(to: new)
        try old.settle()
        #expect(
            old.core.moves == DrainMoves(stayed: [.init(reason: "tune.reload.migrate off", count: 1)]))
        client.send(get)
        try old.expect("GET", at: server)
        server.send(ok)
        try old.expect("connection: close\r\n", at: client)
        try old.expectEnd(of: client)
    }

    @Test func offHoldsForResponsesThatEndBeforeItIsHeard() throws {
        let old = try Rig()
        let client = try old.client()
        let server = try old.forward(get, of: client)
        let played = try PlayedSuccessor(after: old)
        server.send(ok)
        try old.expect("ok", at: client)
        try played.say(.takes(idle: false, tunnels: .never))
        try old.settle()
        #expect(!old.isDrained && old.core.moves.idle == 0)
        _ = client.take()
        client.send(get)
        try old.expect("GET", at: server)
        server.send(ok)
        try old.expect("connection: close\r\n", at: client)
    }

    @Test func aListenerThatIsGoneKeepsItsClients() throws {
        let old = try Rig()
        let (client, server) = try old.idleClient()
        let new = try old.successor { frontend, _ in
            frontend.binds[0].endpoints = [.tcp(host: "127.0.0.2", family: nil, port: .number(0))]
        }
        try old.hand(to: new)
        try old.pump("the answer") { !old.core.moves.stayed.isEmpty }
        #expect(old.core.moves == DrainMoves(stayed: [.init(reason: "its listener is gone", count: 1)]))
        client.send(get)
        try old.expect("GET", at: server)
        server.send(ok)
        try old.expect("connection: close\r\n", at: client)
    }

    @Test func aFullSuccessorLeavesThemWhereTheyAre() throws {
        let old = try Rig()
        let clients = try (0..<5).map { _ in try old.idleClient() }
        let new = try old.successor { frontend, _ in frontend.settings.maxconn = 2 }
        try old.hand(to: new)
        try old.pump("the answers") { !old.core.moves.stayed.isEmpty }
        #expect(
            old.core.moves == DrainMoves(idle: 2, stayed: [.init(reason: "no room at maxconn", count: 3)]))
        #expect(clients.allSatisfy { !$0.client.hasEnded })
    }

    @Test func whatTheNewRulesRejectIsClosedAndCounted() throws {
        func text(_ rules: String) -> String {
            "frontend fe\n bind front1\n\(rules) default_backend be\nbackend be\n server s origin1\n"
        }
        let old = try Rig(text: text(""))
        let (client, _) = try old.idleClient()
        let new = try old.successor(text: text(" tcp-request connection reject if { src 127.0.0.0/8 }\n"))
        try old.hand(to: new)
        try old.expectEnd(of: client)
        #expect(old.core.moves == DrainMoves(refused: 1))
        #expect(new.core.frontends[0].load.traffic.deniedConnections == 1)
        #expect(new.core.counters.clients.current == 0)
    }

    @Test func trackedEntriesAndVariablesMove() throws {
        let text = """
            frontend fe
                bind front1
                stick-table type ip size 1k store conn_cur,conn_cnt
                tcp-request connection track-sc0 src
                tcp-request connection set-var(sess.a) str(kept)
                http-request set-header x-a %[var(sess.a)]
                default_backend be
            backend be
                server s origin1

            """
        let old = try Rig(text: text)
        let (client, _) = try old.idleClient()
        let new = try old.successor(text: text)
        try old.hand(to: new)
        try old.pump("it to move") { old.isDrained }
        func count(_ core: ProxyCore, _ type: DataType) throws -> UInt64? {
            let table = try #require(core.tables["fe"])
            let entry = try #require(table.find(.ip(0x7F00_0001), now: core.tick))
            return table.number(entry, type)
        }
        #expect(try count(old.core, .connCur) == 0)
        #expect(try count(new.core, .connCur) == 1)
        #expect(try count(new.core, .connCnt) == 0)
        _ = try new.forward(get, of: client, until: "x-a: kept")
    }

    // MARK: Faults on the way

    @Test func aSuccessorThatDiesLosesNothing() throws {
        let old = try Rig()
        let (client, server) = try old.idleClient()
        let played = try PlayedSuccessor(after: old)
        try played.say(.takes(idle: true, tunnels: .never))
        _ = try played.receive(old)
        // What the client says meanwhile waits for whoever has it in the end.
        client.send(get)
        try old.settle()
        #expect(server.text.isEmpty)
        played.closeDescriptors()
        played.die()
        try old.expect("GET /a", at: server)
        server.send(ok)
        try old.expect("connection: close\r\n", at: client)
        try old.expectEnd(of: client)
        #expect(old.core.moves == DrainMoves())
    }

    @Test func aDeclinedBatchGoesOn() throws {
        let old = try Rig()
        let (client, server) = try old.idleClient()
        let played = try PlayedSuccessor(after: old)
        try played.say(.takes(idle: true, tunnels: .never))
        guard case .clients(let moving) = try played.receive(old) else {
            Issue.record("no clients")
            return
        }
        #expect(moving.count == 1 && played.descriptors.count == 1)
        played.closeDescriptors()
        client.send(get)
        try played.say(.declined(.noDescriptors))
        try old.expect("GET /a", at: server)
        #expect(old.core.moves == DrainMoves(stayed: [.init(reason: "no descriptors left", count: 1)]))
    }

    @Test func aClientThatLeavesOnTheWayIsGone() throws {
        let old = try Rig()
        let (client, _) = try old.idleClient()
        let (resetting, _) = try old.idleClient()
        let played = try PlayedSuccessor(after: old)
        try played.say(.takes(idle: true, tunnels: .never))
        _ = try played.receive(old)
        client.close()
        resetting.reset()
        played.closeDescriptors()
        try played.say(.answers([.stays(.full), .stays(.full)]))
        try old.pump("both to be gone") { old.isDrained }
    }

    @Test func theHardStopEndsWhatIsOnTheWay() throws {
        let old = try Rig()
        let (client, _) = try old.idleClient()
        let played = try PlayedSuccessor(after: old)
        try played.say(.takes(idle: true, tunnels: .never))
        _ = try played.receive(old)
        old.core.hardStop()
        #expect(old.isDrained)
        played.closeDescriptors()
        try old.expectEnd(of: client)
    }

    @Test(arguments: [
        (MigrationMessage.takes(idle: true, tunnels: .now).encoded.otherVersion, true),
        ([migrationVersion, 77], false), (MigrationMessage.answers([.taken]).encoded, false),
        (MigrationMessage.clients([]).encoded, false),
    ])
    func anUnknownLanguageDrains(_ bytes: [UInt8], isVersion: Bool) throws {
        let old = try Rig()
        let (client, server) = try old.idleClient()
        let played = try PlayedSuccessor(after: old)
        try played.say(bytes)
        try old.settle()
        #expect(
            old.core.moves.stayed.map(\.reason)
                == (isVersion ? ["the new worker speaks another version"] : []))
        #expect(old.reports.contains { $0.contains("not understood") } == !isVersion)
        client.send(get)
        try old.expect("GET", at: server)
        server.send(ok)
        try old.expect("connection: close\r\n", at: client)
    }

    @Test func descriptorsThatAreMissingAreDeclined() throws {
        let new = try Rig()
        let pair = try Socket.packetPair()
        new.core.takeConnections(from: try pair.one.duplicate())
        let moving = MovingClient(
            listener: new.core.listeners[0].socket.key, peer: .unix(path: ""), accepted: .now(),
            deadline: .never)
        try DescriptorPassing.send(
            MigrationMessage.clients([moving]).encoded, descriptors: [], over: pair.other.raw)
        try setNonBlocking(pair.other.raw)
        let raw = pair.other.raw
        var said: [MigrationMessage] = []
        try new.pump("the answer") {
            if case .message(let bytes, _)? = try? DescriptorPassing.receive(over: raw),
                let message = try? MigrationMessage(decoding: bytes)
            {
                said.append(message)
            }
            return said.count == 2
        }
        #expect(said == [.takes(idle: true, tunnels: .never), .declined(.noDescriptors)])
        #expect(new.core.counters.clients.current == 0)
    }

    // MARK: Tunnels

    private func tunnelling(_ global: inout Global) {
        global.migration = .tunnels
        global.migrateAfter = .milliseconds(1)
    }

    @Test func webSocketsStayUnlessAsked() throws {
        let old = try Rig()
        let (client, server) = try old.webSocket()
        let new = try old.successor()
        try old.hand(to: new)
        try old.settle()
        client.send("ping")
        try old.expect("ping", at: server)
        #expect(
            old.core.moves == DrainMoves(stayed: [.init(reason: "tune.reload.migrate idle", count: 1)]))
        #expect(!old.isDrained)
    }

    @Test func webSocketsMoveWhereAsked() throws {
        let old = try Rig()
        let sockets = try (0..<70).map { _ in try old.webSocket() }
        let new = try old.successor(global: tunnelling)
        try old.hand(to: new)
        try old.pump("all to move") { old.isDrained }
        #expect(old.core.moves == DrainMoves(tunnels: 70))
        #expect(old.core.drainFigures.finished == 0)
        #expect(new.core.backends[0].servers[0].load.sessions.current == 70)
        #expect(old.core.backends[0].servers[0].load.sessions.current == 0)
        for (client, server) in sockets {
            client.send("ping")
            try new.expect("ping", at: server)
            server.send("pong")
            try new.expect("pong", at: client)
        }
        let summary = try #require(new.core.streams().first)
        #expect(
            summary.phase == "tunnel" && summary.server == "s1" && summary.bytesOut == switched.utf8.count + 4
        )
        sockets[0].client.close()
        try new.expectEnd(of: sockets[0].server)
    }

    @Test func aHalfClosedStreamMovesAsItIs() throws {
        let mode: (inout Proxy, inout Proxy) -> Void = { frontend, backend in
            frontend.settings.mode = .tcp
            backend.settings.mode = .tcp
        }
        let old = try Rig(mode)
        let client = try old.client()
        let server = try old.acceptAtOrigin()
        client.send("request")
        client.endSending()
        try old.expectEnd(of: server)
        let new = try old.successor(mode, global: tunnelling)
        try old.hand(to: new)
        try old.pump("it to move") { old.isDrained }
        server.send("answer")
        try new.expect("answer", at: client)
        server.close()
        try new.expectEnd(of: client)
        try new.pump("the end") { new.isDrained }
    }

    /// A WebSocket whose client has not read all that its server has sent, and how much that is.
    private func stuckSocket(_ rig: Rig) throws -> (client: TestSocket, server: TestSocket, sent: Int) {
        let (client, server) = try rig.webSocket()
        // More than the sockets hold: the rest waits in the worker.
        let block = [UInt8](repeating: 0x61, count: 1 << 20)
        var sent = 0
        try rig.pump("the worker to be stuck") {
            let moved = server.send(block)
            sent += moved
            return moved == 0 && rig.core.live.contains { !$0.response.isFlushed }
        }
        return (client, server, sent)
    }

    private func read(_ sent: Int, at client: TestSocket, _ rig: Rig) throws {
        try rig.pump("all to arrive") {
            client.read()
            return client.received.count == sent
        }
        _ = client.take()
    }

    @Test func whatWaitsIsWrittenBeforeATunnelMoves() throws {
        let old = try Rig()
        let (client, server, sent) = try stuckSocket(old)
        let new = try old.successor(global: tunnelling)
        try old.hand(to: new)
        try read(sent, at: client, old)
        try old.pump("it to move") { old.isDrained }
        #expect(old.core.moves == DrainMoves(tunnels: 1))
        server.send("more")
        try new.expect("more", at: client)
    }

    @Test func aTunnelWhoseBytesNobodyTakesGoesOn() throws {
        let old = try Rig()
        let (client, server, sent) = try stuckSocket(old)
        let new = try old.successor(global: tunnelling)
        try old.hand(to: new)
        try old.pump("it to be given up") { !old.core.moves.stayed.isEmpty }
        #expect(
            old.core.moves
                == DrainMoves(stayed: [.init(reason: "bytes wait for somebody who does not read", count: 1)])
        )
        // The other direction was never meant to wait for this one.
        client.send("ping")
        try old.expect("ping", at: server)
        try read(sent, at: client, old)
        server.send("pong")
        try old.expect("pong", at: client)
    }

    @Test func aTunnelThatIsLeavingGoesOnWhenANewerSuccessorTakesNone() throws {
        let old = try Rig()
        let (client, server, sent) = try stuckSocket(old)
        let first = try old.successor(global: tunnelling)
        try old.hand(to: first)
        try old.pump("it to stop reading") { old.core.live.contains { $0.migration == .leaving } }
        let second = try first.successor()
        try old.hand(to: second)
        try read(sent, at: client, old)
        client.send("ping")
        try old.expect("ping", at: server)
        server.send("pong")
        try old.expect("pong", at: client)
    }

    @Test func aTunnelThatIsCutOnTheWayEndsWhereverItIs() throws {
        let old = try Rig()
        let (client, _) = try old.webSocket()
        let played = try PlayedSuccessor(after: old)
        try played.say(.takes(idle: true, tunnels: .now))
        _ = try played.receive(old)
        let stream = try #require(old.core.streams().first)
        #expect(old.core.shutdownSession(stream.id))
        try old.expectEnd(of: client)
        try played.say(.answers([.taken]))
        try old.pump("its place to be free") { old.isDrained && old.core.live.isEmpty }
    }

    @Test func theHardStopForgetsWhatIsOnTheWayOnce() throws {
        let old = try Rig()
        let tunnels = try (0..<2).map { _ in try old.webSocket() }
        let played = try PlayedSuccessor(after: old)
        try played.say(.takes(idle: true, tunnels: .now))
        _ = try played.receive(old)
        old.core.hardStop()
        try played.say(.answers([.taken, .stays(.full)]))
        try old.settle()
        #expect(old.isDrained && old.core.live.isEmpty && old.core.drainFigures.cut == 0)
        #expect(tunnels.allSatisfy { !$0.client.hasEnded })
    }

    @Test func aServerThatIsGoneKeepsItsTunnels() throws {
        let old = try Rig()
        let (client, server) = try old.webSocket()
        let new = try old.successor({ _, backend in backend.servers[0].name = "other" }, global: tunnelling)
        try old.hand(to: new)
        try old.pump("the answer") { !old.core.moves.stayed.isEmpty }
        #expect(
            old.core.moves
                == DrainMoves(stayed: [.init(reason: "its server is gone or elsewhere", count: 1)]))
        client.send("ping")
        try old.expect("ping", at: server)
        server.send("pong")
        try old.expect("pong", at: client)
    }

    @Test func aTunnelWhoseSuccessorDiesGoesOn() throws {
        let old = try Rig()
        let (client, server) = try old.webSocket()
        let played = try PlayedSuccessor(after: old)
        try played.say(.takes(idle: true, tunnels: .now))
        guard case .tunnels(let moving) = try played.receive(old) else {
            Issue.record("no tunnels")
            return
        }
        #expect(moving.map(\.status) == [101] && played.descriptors.count == 2)
        client.send("ping")
        try old.settle()
        #expect(server.text.isEmpty)
        played.closeDescriptors()
        played.die()
        try old.expect("ping", at: server)
        server.send("pong")
        try old.expect("pong", at: client)
        #expect(old.core.moves == DrainMoves())
    }

    @Test func aNewerSuccessorIsAskedAgain() throws {
        let old = try Rig()
        let (client, _) = try old.idleClient()
        let refusing = try old.successor { frontend, _ in frontend.settings.maxconn = 0 }
        try old.hand(to: refusing)
        try old.pump("the answer") { !old.core.moves.stayed.isEmpty }
        let new = try refusing.successor()
        try old.hand(to: new)
        try old.pump("it to move") { old.isDrained }
        #expect(old.core.moves == DrainMoves(idle: 1))
        try new.exchange(client)
    }
}
