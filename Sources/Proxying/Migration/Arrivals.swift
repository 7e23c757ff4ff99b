// The taking side: a worker that serves takes over the connections of an older one, and says of each what became of
// it. The answer goes out before the first byte is read, so that no connection ever has two readers.

import ConfigLanguage
import Migration
import Polling
import Unix

/// What arrives from one older worker.
final class Arrivals {
    private unowned let core: ProxyCore
    private var link: MigrationLink?
    private var tunnelTimer: Timer?

    init(core: ProxyCore, from socket: consuming Descriptor) throws(Errno) {
        self.core = core
        link = try MigrationLink(owning: socket, on: core.loop) { [unowned self] in hear($0) }
        switch core.configuration.global.migration {
        case .off: say(.takes(idle: false, tunnels: .never))
        case .idle: say(.takes(idle: true, tunnels: .never))
        case .tunnels:
            say(.takes(idle: true, tunnels: .later))
            guard isOpen else { return }
            let timer = Timer(on: core.loop) { [unowned self] in
                say(.takes(idle: true, tunnels: .now))
            }
            timer.set(after: core.configuration.global.migrateAfter)
            tunnelTimer = timer
        }
    }

    /// The older worker may still give something.
    var isOpen: Bool { link != nil }

    private func hear(_ event: MigrationLink.Event) {
        switch event {
        case .message(.clients(let clients), let numbers):
            receive(clients, numbers, each: 1) { moving, numbers in core.adopt(moving, numbers[0]) }
        case .message(.tunnels(let tunnels), let numbers):
            receive(tunnels, numbers, each: 2) { moving, numbers in
                core.adopt(moving, client: numbers[0], server: numbers[1])
            }
        case .message(_, let numbers):
            for number in numbers { _ = Descriptor(owning: number) }
            say(.declined(.unknownVersion))
        case .overflow: say(.declined(.noDescriptors))
        case .closed(let fault):
            if let fault {
                core.report(.warning, "connections of an older worker stay there: \(fault)")
            }
            end()
        }
    }

    /// Takes what came, answers, and only then lets the clients go on.
    private func receive<Moving>(
        _ batch: [Moving], _ numbers: [Int32], each: Int,
        adopt: (Moving, [Int32]) -> (MoveAnswer, ClientConnection?)
    ) {
        guard numbers.count == batch.count * each else {
            for number in numbers { _ = Descriptor(owning: number) }
            return say(.declined(.noDescriptors))
        }
        var answers: [MoveAnswer] = []
        var taken: [ClientConnection] = []
        for (index, moving) in batch.enumerated() {
            let (answer, client) = adopt(moving, Array(numbers[(index * each)..<((index + 1) * each)]))
            answers.append(answer)
            if let client { taken.append(client) }
        }
        say(.answers(answers))
        for client in taken { client.goOn() }
    }

    /// A worker that is gone needs no answer.
    private func say(_ message: MigrationMessage) {
        do throws(Errno) {
            try link?.send(message)
        } catch {
            end()
        }
    }

    private func end() {
        tunnelTimer?.cancel()
        link?.close()
        link = nil
        core.arrivals.removeAll { $0 === self }
    }
}
