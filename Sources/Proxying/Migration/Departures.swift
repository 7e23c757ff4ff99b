// The giving side: a worker that drains hands connections to its successor, batch after batch. Whatever happens on
// the way, a connection belongs to this worker until the successor has said that it took it.

import DequeModule
import Handover
import Migration
import Polling
import RuntimeAPI
import Unix

/// What leaves one worker for its successor.
final class Departures {
    private enum Batch {
        case none
        case clients([(client: ClientConnection, moving: MovingClient)])
        case tunnels([(stream: Stream, id: UInt64, moving: MovingTunnel)])
    }

    private unowned let core: ProxyCore
    private var link: MigrationLink?
    /// To a newer successor; it counts when the batch to the one before is answered.
    private var next: Descriptor?
    private var clients = Deque<ClientConnection>()
    /// Streams are used again: the number tells whether it is still the same.
    private var tunnels = Deque<(stream: Stream, id: UInt64)>()
    private var batch = Batch.none
    /// The successor has said what it takes.
    private var hasHeard = false
    private var isScheduled = false
    private var leavingTimer: Timer?
    private var stayed: [StayReason: Int] = [:]
    private var moved = DrainMoves()

    /// Connections of one batch; as many as a listener accepts at a time.
    private static let mostAtOnce = 64
    /// A batch that has so many bytes is full: the packet must fit a socket's usual buffer.
    private static let mostBytes = 65536
    /// How long a tunnel reads no more before it stays, where somebody does not take its last bytes.
    private static let leavingSpan: Duration = .seconds(1)

    init(core: ProxyCore) {
        self.core = core
    }

    /// What has moved by now, and why others have not.
    var summary: DrainMoves {
        var summary = moved
        summary.stayed = StayReason.allCases.compactMap { reason in
            stayed[reason].map { DrainMoves.Stayed(reason: reason.words, count: $0) }
        }
        return summary
    }

    // MARK: Successors

    /// A successor serves: it will say what it takes.
    func begin(over socket: consuming Descriptor) {
        if case .none = batch { return open(socket) }
        next = consume socket
    }

    /// A successor serves that takes nothing, or that cannot be reached.
    func stay(for reason: StayReason) {
        next = nil
        learn(false, .never, else: reason)
        core.movesChanged?()
    }

    private func open(_ socket: consuming Descriptor) {
        link?.close()
        stayed = [:]
        hasHeard = false
        for client in core.clients { client.staysHere = false }
        for stream in core.live where stream.migration == .staying { stream.migration = .none }
        core.movesTunnels = false
        letGoOn(as: .none)
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

    private func learn(_ idle: Bool, _ moves: MigrationMessage.TunnelMoves, else reason: StayReason = .off) {
        hasHeard = true
        core.movesIdle = idle
        core.movesTunnels = idle && moves == .now
        let waiting = core.clients.filter(\.canMove)
        let streams = core.live.filter { $0.phase == .tunnel && !$0.isSealed }
        if idle { countSealed() }
        if idle {
            clients += waiting
        } else {
            clients.removeAll()
            stayed[reason] = waiting.count + streams.count
        }
        if !core.movesTunnels { letGoOn(as: .none) }
        if core.movesTunnels {
            tunnels += streams.map { ($0, $0.id) }
        } else if idle && moves == .never && !streams.isEmpty {
            stayed[.tunnelsNotAsked] = streams.count
        }
    }

    /// Those whose TLS keeps them here.
    private func countSealed() {
        let clients = core.clients.count { $0.tls != nil && $0.stream == nil && $0.stage == .requests }
        let tunnels = core.live.count { $0.phase == .tunnel && $0.isSealed }
        guard clients + tunnels > 0 else { return }
        stayed[.tls] = clients + tunnels
        core.report(
            .notice,
            "idle TLS connections that stay until their next request: \(clients), TLS tunnels that stay: \(tunnels); "
                + StayReason.tls.words)
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
        clients.removeAll()
        tunnels.removeAll()
        takeBack()
        letGoOn(as: .none)
        core.movesChanged?()
    }

    /// Tunnels that were about to leave read again; how many. `waiting`: only those that have not everything written.
    @discardableResult
    private func letGoOn(as migration: StreamMigration, waiting: Bool = false) -> Int {
        let leaving = core.live.filter { $0.migration == .leaving && !(waiting && $0.isEmptyHanded) }
        for stream in leaving {
            stream.migration = migration
            stream.connection.map(core.schedule)
            stream.client.map(core.schedule)
        }
        return leaving.count
    }

    /// A tunnel reads no more until it can move: not for long, because each side may wait for the other.
    func beginsToLeave() {
        let timer = leavingTimer ?? Timer(on: core.loop) { [unowned self] in leavingEnds() }
        leavingTimer = timer
        if timer.deadlineNanoseconds == .max { timer.set(after: Self.leavingSpan) }
    }

    private func leavingEnds() {
        let stuck = letGoOn(as: .staying, waiting: true)
        guard stuck > 0 else { return }
        stayed[.unreadBytes, default: 0] += stuck
        core.movesChanged?()
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
        guard hasHeard, core.movesIdle else { return false }
        var leaving: [(client: ClientConnection, moving: MovingClient)] = []
        var bytes = 0
        while leaving.count < Self.mostAtOnce, bytes < Self.mostBytes, let client = clients.popFirst() {
            guard client.canMove else { continue }
            let moving = client.leave()
            bytes += moving.encodedSize
            leaving.append((client, moving))
        }
        guard !leaving.isEmpty else { return false }
        batch = .clients(leaving)
        send(.clients(leaving.map(\.moving)), leaving.map(\.client.descriptor), over: link)
        return true
    }

    private func sendTunnels(over link: MigrationLink) -> Bool {
        guard core.movesTunnels else { return false }
        var leaving: [(stream: Stream, id: UInt64, moving: MovingTunnel)] = []
        var bytes = 0
        while leaving.count < Self.mostAtOnce, bytes < Self.mostBytes, let (stream, id) = tunnels.popFirst() {
            guard stream.id == id, let moving = stream.leave() else { continue }
            bytes += moving.encodedSize
            leaving.append((stream, id, moving))
        }
        guard !leaving.isEmpty else { return false }
        batch = .tunnels(leaving)
        let descriptors = leaving.flatMap { stream, _, _ in
            [stream.client?.descriptor, stream.connection?.descriptor].compactMap(\.self)
        }
        send(.tunnels(leaving.map(\.moving)), descriptors, over: link)
        return true
    }

    private func send(_ message: MigrationMessage, _ descriptors: [Int32], over link: MigrationLink) {
        do throws(Errno) {
            try link.send(message, descriptors: descriptors)
        } catch .messageTooLong {
            settleAll(.stays(.tooLarge))
            schedule()
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
            for ((stream, id, moving), answer) in zip(leaving, answers) where stream.id == id {
                settle(stream, moving, answer)
            }
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
            for (stream, id, moving) in leaving where stream.id == id && stream.migration == .moving {
                stream.comeBack(moving, as: .none)
            }
        }
    }
}
