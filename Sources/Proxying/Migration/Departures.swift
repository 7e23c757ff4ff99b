// The giving side: a worker that drains hands connections to its successor, batch after batch. Whatever happens on
// the way, a connection belongs to this worker until the successor has said that it took it.

import DequeModule
import Handover
import Migration
import Polling
import Unix

/// What leaves one worker for its successor.
final class Departures {
    private enum Batch {
        case none
        case clients([(client: ClientConnection, moving: MovingClient)])
        case tunnels([(stream: Stream, moving: MovingTunnel)])
    }

    private unowned let core: ProxyCore
    private var link: MigrationLink?
    /// To a newer successor; it counts when the batch to the one before is answered.
    private var next: Descriptor?
    private var clients = Deque<ClientConnection>()
    /// Streams are used again: the number tells whether it is still the same.
    private var tunnels = Deque<(stream: Stream, id: UInt64)>()
    private var batch = Batch.none
    private var isScheduled = false
    private var stayed: [StayReason: Int] = [:]
    private var moved = MoveSummary()

    /// Connections of one batch; as many as a listener accepts at a time.
    private static let mostAtOnce = 64
    /// Bytes of half-read heads in one batch: the packet must fit a socket's usual buffer.
    private static let mostBytes = 65536

    init(core: ProxyCore) {
        self.core = core
    }

    /// What has moved by now, and why others have not.
    var summary: MoveSummary {
        var counts = stayed
        let unread = core.live.count(where: { $0.migration == .leaving })
        if unread > 0 { counts[.unreadBytes] = unread }
        var summary = moved
        summary.stayed = StayReason.allCases.compactMap { reason in
            counts[reason].map { MoveSummary.Stayed(reason: reason.words, count: $0) }
        }
        return summary
    }

    // MARK: Successors

    /// A successor serves: it will say what it takes.
    func begin(over socket: consuming Descriptor) {
        if case .none = batch { return open(socket) }
        next = consume socket
    }

    /// A successor serves that takes nothing.
    func stay() {
        next = nil
        learn(false, .never)
        core.movesChanged?()
    }

    private func open(_ socket: consuming Descriptor) {
        link?.close()
        stayed = [:]
        for client in core.clients { client.staysHere = false }
        for stream in core.live where stream.migration == .staying { stream.migration = .none }
        core.movesTunnels = false
        do throws(Errno) {
            link = try MigrationLink(owning: socket, on: core.loop) { [unowned self] in hear($0) }
            // Until the successor says otherwise: a response that ends now need not end its connection.
            core.movesIdle = true
        } catch {
            core.movesIdle = false
            core.report(.warning, "connections cannot move to the new worker: \(error.description)")
        }
    }

    private func hear(_ event: MigrationLink.Event) {
        switch event {
        case .message(.takes(let idle, let moves), _): learn(idle, moves)
        case .message(.answers(let answers), _): settle(answers)
        case .message(.declined(let reason), _): settleAll(.stays(reason))
        case .message(_, let numbers):
            for number in numbers { _ = Descriptor(owning: number) }
            lose(.badField("a message for the other side"))
        case .overflow: lose(nil)
        case .closed(let fault): lose(fault)
        }
        closeRound()
    }

    private func learn(_ idle: Bool, _ moves: MigrationMessage.TunnelMoves) {
        core.movesIdle = idle
        core.movesTunnels = idle && moves == .now
        let waiting = core.clients.filter(\.canMove)
        let streams = core.live.filter { $0.phase == .tunnel }
        if idle {
            clients += waiting
        } else {
            stayed[.off] = waiting.count + streams.count
        }
        if core.movesTunnels {
            tunnels += streams.map { ($0, $0.id) }
        } else if idle && moves == .never && !streams.isEmpty {
            stayed[.tunnelsNotAsked] = streams.count
        }
    }

    /// The successor is gone, or not understood: what is under way comes back.
    private func lose(_ fault: MessageError?) {
        if case .version = fault {
            stayed[.unknownVersion] = core.clients.count
        } else if let fault {
            core.report(.warning, "the new worker's answer about connections is not understood: \(fault)")
        }
        link?.close()
        link = nil
        core.movesIdle = false
        core.movesTunnels = false
        takeBack()
        for stream in core.live where stream.migration == .leaving {
            stream.migration = .none
            stream.connection.map(core.schedule)
            stream.client.map(core.schedule)
        }
    }

    // MARK: Batches

    /// A client waits for its next request.
    func enqueue(_ client: ClientConnection) {
        clients.append(client)
        schedule()
    }

    /// A tunnel has nothing on its way.
    func enqueue(_ stream: Stream) {
        tunnels.append((stream, stream.id))
        schedule()
    }

    private func schedule() {
        guard !isScheduled, case .none = batch else { return }
        isScheduled = true
        core.loop.atEndOfRound { [self] in
            isScheduled = false
            core.recycleStreams()
            closeRound()
        }
    }

    /// Sends the next batch when none is under way.
    private func closeRound() {
        guard case .none = batch else { return }
        if let socket = next.take() { open(socket) }
        guard let link else { return }
        if sendClients(over: link) || sendTunnels(over: link) { return }
        core.movesChanged?()
    }

    /// False: there is none.
    private func sendClients(over link: MigrationLink) -> Bool {
        var leaving: [(client: ClientConnection, moving: MovingClient)] = []
        var bytes = 0
        while leaving.count < Self.mostAtOnce, bytes < Self.mostBytes, let client = clients.popFirst() {
            guard client.canMove else { continue }
            let moving = client.leave()
            bytes += moving.held.count
            leaving.append((client, moving))
        }
        guard !leaving.isEmpty else { return false }
        batch = .clients(leaving)
        send(.clients(leaving.map(\.moving)), leaving.map(\.client.descriptor), over: link)
        return true
    }

    private func sendTunnels(over link: MigrationLink) -> Bool {
        var leaving: [(stream: Stream, moving: MovingTunnel)] = []
        while leaving.count < Self.mostAtOnce, let (stream, id) = tunnels.popFirst() {
            guard core.movesTunnels, stream.id == id, let moving = stream.leave() else { continue }
            leaving.append((stream, moving))
        }
        guard !leaving.isEmpty else { return false }
        batch = .tunnels(leaving)
        let descriptors = leaving.flatMap { stream, _ in
            [stream.client?.descriptor, stream.connection?.descriptor].compactMap(\.self)
        }
        send(.tunnels(leaving.map(\.moving)), descriptors, over: link)
        return true
    }

    private func send(_ message: MigrationMessage, _ descriptors: [Int32], over link: MigrationLink) {
        do throws(Errno) {
            try link.send(message, descriptors: descriptors)
        } catch {
            settleAll(.stays(.noDescriptors))
            schedule()
        }
    }

    // MARK: Answers

    private func settle(_ answers: [MoveAnswer]) {
        let batch = batch
        self.batch = .none
        switch batch {
        case .clients(let leaving) where leaving.count == answers.count:
            for ((client, moving), answer) in zip(leaving, answers) { settle(client, moving, answer) }
        case .tunnels(let leaving) where leaving.count == answers.count:
            for ((stream, moving), answer) in zip(leaving, answers) { settle(stream, moving, answer) }
        case .none where answers.isEmpty: break
        case .none, .clients, .tunnels:
            self.batch = batch
            lose(.badField("\(answers.count) answers"))
        }
    }

    /// One answer for all.
    private func settleAll(_ answer: MoveAnswer) {
        switch batch {
        case .none: break
        case .clients(let leaving): settle(leaving.map { _ in answer })
        case .tunnels(let leaving): settle(leaving.map { _ in answer })
        }
    }

    private func settle(_ client: ClientConnection, _ moving: MovingClient, _ answer: MoveAnswer) {
        guard client.descriptor >= 0 else { return }
        switch answer {
        case .taken:
            moved.idle += 1
            client.close()
        case .refused:
            moved.refused += 1
            client.close()
        case .stays(let reason):
            stayed[reason, default: 0] += 1
            client.staysHere = true
            client.comeBack(moving)
        }
    }

    private func settle(_ stream: Stream, _ moving: MovingTunnel, _ answer: MoveAnswer) {
        guard stream.migration == .moving else { return }
        switch answer {
        case .taken:
            moved.tunnels += 1
            stream.depart()
        case .refused:
            moved.refused += 1
            stream.depart()
        case .stays(let reason):
            stayed[reason, default: 0] += 1
            stream.comeBack(moving, as: .staying)
        }
    }

    /// Nobody has taken the batch.
    private func takeBack() {
        let batch = batch
        self.batch = .none
        switch batch {
        case .none: break
        case .clients(let leaving):
            for (client, moving) in leaving where client.descriptor >= 0 { client.comeBack(moving) }
        case .tunnels(let leaving):
            for (stream, moving) in leaving where stream.migration == .moving {
                stream.comeBack(moving, as: .none)
            }
        }
    }
}
