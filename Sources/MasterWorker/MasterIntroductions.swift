// Workers that are to talk to each other: the master makes the connection and gives each of them one end.

import Handover
import Unix

extension MasterProcess {
    /// Connects a new worker with the older ones that hold stick tables.
    func introduce(_ new: WorkerChannel) throws(Errno) {
        for teacher in state.teachers {
            guard let channel = channels[teacher.pid] else { continue }
            let teachesAll = teacher.phase == .serving
            try join(
                new, .predecessor(teachesAll: teachesAll), channel, .successor(teachesAll: teachesAll),
                over: try Socket.streamPair())
        }
    }

    /// Without a connection everything drains where it is.
    func connect(draining: Int32, serving: Int32) {
        guard let giver = channels[draining], let taker = channels[serving] else { return }
        do throws(Errno) {
            try join(taker, .arrivals, giver, .departures, over: try Socket.packetPair())
        } catch {
            print(.warning, "connections of worker \(draining) cannot move: \(error)")
        }
    }

    /// Gives each of two workers one end, with what it is for.
    private func join(
        _ one: WorkerChannel, _ purpose: MasterMessage, _ other: WorkerChannel, _ otherPurpose: MasterMessage,
        over pair: borrowing Pair
    ) throws(Errno) {
        let first = try pair.one.duplicate()
        let second = try pair.other.duplicate()
        one.send(purpose, descriptors: [first.release()], owned: true)
        other.send(otherPurpose, descriptors: [second.release()], owned: true)
    }
}
