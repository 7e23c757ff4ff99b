// The master becomes its own successor: what it holds is handed over the exec, and taken up again by the program that
// comes after, or by this one where the exec fails.

import AdminSocket
import Glibc
import Handover
import Polling
import Unix

extension MasterProcess {
    /// What goes over an exec now.
    func handover(of sessions: [MasterHandover.Session]) -> MasterHandover {
        var handover = MasterHandover()
        handover.path = options.program.path
        handover.nextToken = nextToken
        handover.pidFile = pidFile
        handover.usualNice = usualNice
        handover.listeners = listeners.map { ($0.key, $0.value.descriptor.raw) }
        handover.channels = channels.compactMap { pid, channel in channel.raw.map { (pid, $0) } }
        handover.sockets = sockets.map { $0.descriptor.raw }
        handover.sessions = sessions
        return handover
    }

    func execute() {
        let handover = handover(of: detach())
        do throws(Errno) {
            let file = try handover.save(state, as: nextForm)
            for number in handover.descriptors { try setCloseOnExec(number, false) }
            try setCloseOnExec(file.raw, false)
            let variable = "\(HandoverVariable.master)=\(file.raw)"
            let error = ProcessControl.execute(
                options.program.path, arguments: options.program.arguments,
                environment: WorkerEnvironment.inherited + [variable])
            throw error
        } catch {
            for number in handover.descriptors { try? setCloseOnExec(number, true) }
            attach(handover.sessions)
            handle(.executeFailed(error))
        }
    }

    /// Takes the sessions of the master CLI off the loop.
    private func detach() -> [MasterHandover.Session] {
        guard let admin else { return [] }
        let numbers = admin.sessions.map(\.number)
        var tokens: [Int: Int] = [:]
        for (token, waiting) in pending { tokens[waiting.session] = token }
        return zip(numbers, admin.detachAll()).map { number, session in
            MasterHandover.Session(
                token: tokens[number], descriptor: session.descriptor, upstream: session.upstream,
                state: session.state)
        }
    }

    /// Does what may fail for want of anything. While workers serve nothing may: they would leave with this process, so it
    /// is tried until it succeeds.
    static func insist<Result>(_ step: () throws(Errno) -> Result) throws(Errno) -> Result {
        var isTold = false
        while true {
            do throws(Errno) {
                return try step()
            } catch  where error.isExhaustion {
                if !isTold { StandardError.write("the new master waits: \(error)\n") }
                isTold = true
                poll(nil, 0, 100)
            }
        }
    }

    /// As the other, on the way through an exec.
    func insist<Result>(_ step: () throws(Errno) -> Result) throws(Errno) -> Result {
        state.load == nil ? try step() : try Self.insist(step)
    }

    /// A session that cannot go on ends; nothing else does.
    func attach(_ sessions: [MasterHandover.Session]) {
        for session in sessions {
            let detached = DetachedSession(
                descriptor: session.descriptor, upstream: session.upstream, state: session.state)
            do {
                guard let (live, reply) = try admin?.attach(detached) else { continue }
                if let token = session.token, let reply { pending[token] = (reply, live.number) }
            } catch {
                print(.warning, "a session of the master CLI cannot go on, and is closed: \(error)")
            }
        }
    }

    func takeOver(_ handover: MasterHandover) throws(Errno) {
        for number in handover.descriptors { try setCloseOnExec(number, true) }
        nextToken = handover.nextToken
        pidFile = handover.pidFile
        usualNice = handover.usualNice
        for (key, number) in handover.listeners { listeners[key] = Held(Descriptor(owning: number)) }
        for (pid, number) in handover.channels {
            let channel = channel(to: pid, Descriptor(owning: number))
            try insist { () throws(Errno) in try channel.watch() }
            channels[pid] = channel
        }
        sockets = handover.sockets.map { Held(Descriptor(owning: $0)) }
    }
}
