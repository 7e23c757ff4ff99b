// All that can be learned of one worker's connections, once and on demand: its own list of streams, its descriptors,
// the kernel's sockets, and the processes behind its admin sessions. It runs beside the screen in short steps, ends
// at a deadline, and asks with a query that is closed when it has ended: it never keeps the worker alive.

import Glibc
import ReloadModel
import RuntimeAPI
import Unix

/// An inquiry under way.
package final class WorkerInquiry {
    /// How long the worker may take to list its streams.
    package static let longestAnswer = Duration.milliseconds(1500)
    /// How long the search for admin sessions' processes may take.
    private static let longestSearch = Duration.milliseconds(600)
    /// Connections weighed in one step: well under a millisecond.
    private static let weighedAtOnce = 500
    /// The longest that one step takes.
    private static let longestStep = Duration.milliseconds(8)
    /// Streams, and sockets, that are kept.
    private static let most = 50_000
    /// An admin session that is younger than this, in seconds, is somebody's passing query, as this one.
    private static let passing = 2

    /// What has to be known of a worker to look into it.
    struct Subject {
        var pid: Int32
        var startTicks: Int64
        var master: Int32
        /// Where its list of streams is asked for, and how.
        var question: (address: SocketAddress, command: String)?
        /// Why it is not asked.
        var silence: Unknown?
        /// The master's own socket, as unix_diag names it.
        var masterPath: String?
        var program: ProxyIdentity.Program
        var timeouts: Known<LoadedTimeouts>
    }

    private enum Stage {
        /// It asks for the streams.
        case asking(AdminExchange)
        case descriptors(DescriptorWalk)
        case sockets(TCPSocketList)
        case owners
        case merging
        /// What the connections come to is gathered.
        case weighing
        case done
    }

    private let subject: Subject
    private let proc: ProcTree
    private let wasLate: () -> Void
    private let began = Instant.now()
    private var stage = Stage.done
    /// Kept to the end: whoever watches its descriptor may still do so.
    private var exchange: AdminExchange?
    private var partialLine: [UInt8] = []
    private var lines: [SessionLine] = []
    private var omitted = 0
    private var blindness: [Blindness] = []
    private var merge = ConnectionMerge()
    private var search: SocketOwnerSearch
    private var searchEnd = Instant.never
    /// The sockets at the other ends of admin sessions, by stream.
    private var ends: [String: Set<UInt64>] = [:]
    private var draft: ConnectionReport
    private var evidence = WhyAliveEvidence()
    package private(set) var report: ConnectionReport?

    package var pid: Int32 { subject.pid }

    /// - Parameter wasLate: called when the worker has not answered in time, so that it is left alone for a while.
    init(_ subject: Subject, proc: ProcTree, wasLate: @escaping () -> Void) {
        self.subject = subject
        self.proc = proc
        self.wasLate = wasLate
        search = SocketOwnerSearch(proc, step: Self.longestStep)
        draft = ConnectionReport(
            pid: subject.pid, at: 0, milliseconds: 0, connections: [], timeouts: subject.timeouts)
        guard let state, state != "Z" else {
            finish()
            return
        }
        if let silence = subject.silence {
            note("its list of streams", silence)
            beginDescriptors()
        } else if state == "T" || state == "t" {
            note(
                "its list of streams",
                Unknown("worker \(pid) is stopped by a signal or a debugger", remedy: "kill -CONT \(pid)"))
            beginDescriptors()
        } else if let question = subject.question {
            let exchange = AdminExchange(question.address, question.command)
            self.exchange = exchange
            stage = .asking(exchange)
        } else {
            note(
                "its list of streams",
                Unknown("no admin socket is known", remedy: "start the master with -S"))
            beginDescriptors()
        }
    }

    /// The descriptor to wait for; nil: call `step` again at once.
    package var descriptor: Int32? {
        guard case .asking(let exchange) = stage, exchange.outcome == nil, !exchange.isSending else {
            return nil
        }
        return exchange.descriptor
    }

    /// When `step` wants to be called although its descriptor is not readable.
    package var nextStep: Instant {
        guard case .asking(let exchange) = stage, exchange.outcome == nil else { return .now() }
        if exchange.hasMore { return .now() }
        return exchange.isSending ? .now() + .milliseconds(5) : began + Self.longestAnswer
    }

    /// What is being done: `worker 812: 4211 streams so far`.
    package var progress: String {
        switch stage {
        case .asking: "\(Wording.count(lines.count, "stream")) told so far"
        case .descriptors: "reading its descriptors"
        case .sockets: "reading the kernel's sockets"
        case .owners: "looking for the admin sessions' processes"
        case .merging, .weighing: "putting it together"
        case .done: "done"
        }
    }

    /// Goes on for some milliseconds; the report once it is complete.
    package func step() -> ConnectionReport? {
        let end = Instant.now() + Self.longestStep
        while report == nil, Instant.now() < end {
            switch stage {
            case .asking(let exchange):
                exchange.proceed(until: end)
                read(exchange)
                if exchange.outcome == nil {
                    if Instant.now() < began + Self.longestAnswer { return nil }
                    exchange.end()
                    wasLate()
                    note("its list of streams", Unknown("worker \(pid) did not answer in time: \(told)"))
                    beginDescriptors()
                }
            case .descriptors(let walk):
                if walk.proceed() {
                    merge.descriptors = walk.sockets
                    beginSockets()
                }
            case .sockets(let list):
                proceed(list)
            case .owners:
                search.look(for: ends.values.reduce(into: []) { $0.formUnion($1) })
                if search.isFinished || Instant.now() > searchEnd { beginMerging() }
            case .merging:
                if merge.proceed() { beginWeighing() }
            case .weighing:
                if evidence.take(draft.connections, atMost: Self.weighedAtOnce, timeouts: draft.timeouts) {
                    finish()
                }
            case .done: return report
            }
        }
        return report
    }

    private var told: String {
        lines.isEmpty ? "it is busy or hangs" : "it told \(Wording.count(lines.count, "stream")), and not all"
    }

    // MARK: Streams

    private func read(_ exchange: AdminExchange) {
        partialLine += exchange.take()
        let count = SessionLine.takeLines(from: partialLine) { session in
            if lines.count < Self.most { lines.append(session) } else { omitted += 1 }
        }
        partialLine.removeFirst(count)
        // No line is so long: what comes is something else.
        if partialLine.count > 65536 { partialLine = [] }
        switch exchange.outcome {
        case nil: return
        case .refused(let error):
            note("its list of streams", Unknown("the admin socket: \(error)\(MasterSearch.remedy(error))"))
        case .tooLong: note("its list of streams", Unknown("its reply is endless: the rest was left"))
        case .complete:
            let rest = String(decoding: partialLine.prefix(200), as: UTF8.self)
            if lines.isEmpty, omitted == 0 {
                note(
                    "its list of streams",
                    Unknown(rest.isEmpty ? "the reply to 'show sess' was empty" : "the reply was: \(rest)"))
            }
        }
        beginDescriptors()
    }

    // MARK: Sockets

    private func beginDescriptors() {
        do throws(Errno) {
            if let elsewhere = proc.otherNetwork(pid) {
                note("its sockets", elsewhere)
                return beginOwners()
            }
            let listening = try SocketDiagnosis.internet(states: SocketDiagnosis.listening)
            merge.listeningPorts = Set(listening.map(\.localPort))
            stage = .descriptors(try DescriptorWalk(proc, pid))
        } catch {
            note("its sockets", proc.denied("the descriptors of process \(pid)", error))
            beginSockets()
        }
    }

    private func beginSockets() {
        let wanted: TCPSocketList.Wanted =
            merge.descriptors.map { .inodes(Set($0.values)) } ?? .ports(merge.listeningPorts)
        stage = .sockets(TCPSocketList(wanted, most: 2 * Self.most))
    }

    private func proceed(_ list: TCPSocketList) {
        do throws(Errno) {
            guard try list.proceed() else { return }
            merge.sockets = list.sockets
            omitted += list.omitted
            findReset()
        } catch {
            note("its sockets", Unknown("sock_diag: \(error)"))
        }
        beginOwners()
    }

    /// Clients' sockets that the process has and the kernel lists no more. One that was closed in the meantime is
    /// told apart by a second look at its descriptor.
    private func findReset() {
        guard let descriptors = merge.descriptors else { return }
        let listed = Set(merge.sockets.map(\.inode))
        for line in lines where line.transport.hasPrefix("tcp") {
            guard let inode = descriptors[line.clientDescriptor], !listed.contains(inode) else { continue }
            if proc.link(pid, "fd/\(line.clientDescriptor)").value == "socket:[\(inode)]" {
                merge.reset.insert(inode)
            }
        }
    }

    // MARK: Admin sessions

    private func beginOwners() {
        let admins = lines.filter(\.isAdminSession)
        lines.removeAll { $0.isAdminSession && $0.age < Self.passing }
        merge.lines = lines
        let held = admins.filter { $0.age >= Self.passing }
        guard !held.isEmpty else { return beginMerging() }
        for session in held { find(session) }
        searchEnd = .now() + Self.longestSearch
        stage = .owners
    }

    /// Notes the process that a session names, or the sockets at its other end.
    private func find(_ session: SessionLine) {
        let named = session.source.split(separator: "=").last.flatMap { Int32($0) }
        if let named, session.source.hasPrefix("unix:pid="), named != subject.master {
            merge.holders[session.id] = process(named)
            return
        }
        guard let local = localSockets else { return }
        if let inode = merge.descriptors?[session.clientDescriptor],
            let own = local.first(where: { $0.inode == inode }), own.name != nil
        {
            ends[session.id] = [own.peer]
        } else {
            let throughMaster = local.filter { $0.name == subject.masterPath && $0.peer != 0 }
            ends[session.id] = Set(throughMaster.map(\.peer))
        }
    }

    private lazy var localSockets = try? SocketDiagnosis.local(states: SocketDiagnosis.established)

    private func process(_ pid: Int32) -> ConnectedProcess? {
        proc.stat(pid).map { ConnectedProcess(name: $0.name, pid: pid, user: proc.user(pid)) }
    }

    // MARK: The end

    private func beginMerging() {
        stage = .merging
        for (session, sockets) in ends {
            let owners = Set(sockets.compactMap { search.owner(of: $0) })
            // Of several that speak with the master, which one asked this worker is not known.
            if owners.count == 1, let owner = owners.first { merge.holders[session] = process(owner) }
        }
    }

    private func beginWeighing() {
        stage = .weighing
        draft.connections = merge.connections
        if draft.connections.count > Self.most {
            omitted += draft.connections.count - Self.most
            draft.connections.removeLast(draft.connections.count - Self.most)
        }
        if state == nil { draft.connections = [] }
        if case .unknown(let why) = subject.timeouts { note("its timeouts", why) }
    }

    private func finish() {
        stage = .done
        draft.at = WallClock.now().microseconds
        draft.milliseconds = Double((Instant.now() - began).nanoseconds) / 1e6
        draft.omitted = omitted
        draft.processState = state
        draft.adminSessionsHold = subject.program == .haproxy
        draft.blindness = blindness
        draft.evidence = evidence
        report = draft
    }

    /// The state of the very process that was meant; nil once it has gone.
    private var state: Character? {
        guard let stat = proc.stat(pid), stat.startTicks == subject.startTicks, stat.state != "Z" else {
            return nil
        }
        return stat.state
    }

    private func note(_ what: String, _ unknown: Unknown) {
        blindness.append(Blindness(what: what, unknown: unknown))
    }
}

extension Observer {
    /// Begins to look into the connections of a worker; nil where no such worker is watched.
    package func inquire(into pid: Int32) -> WorkerInquiry? {
        guard let watch, let worker = watch.watches[pid] else { return nil }
        return WorkerInquiry(watch.subject(worker), proc: watch.proc) {
            worker.mutedUntil = .now() + .seconds(30)
        }
    }
}

extension MasterWatch {
    fileprivate func subject(_ worker: WorkerWatch) -> WorkerInquiry.Subject {
        var silence = silence[worker.pid]
        if worker.mutedUntil > .now() {
            silence = Unknown(
                "worker \(worker.pid) did not answer lately: it is asked again after half a minute")
        }
        let masterState = proc.stat(master.pid)?.state
        let isMasterAwake = masterState != "T" && masterState != "t"
        var question = adminAddress.flatMap { address in
            isMasterAwake ? (address: address, command: "@!\(worker.pid) show sess") : nil
        }
        if question == nil,
            let own = worker.adminPaths?.sorted().first ?? worker.declaredAdminPaths.sorted().first
        {
            let address: SocketAddress =
                own.hasPrefix("@") ? .paddedAbstract(name: String(own.dropFirst())) : .unix(path: own)
            // The path is the youngest worker's: an older one has given it away.
            if watches.values.allSatisfy({ $0.startedAt <= worker.startedAt }) {
                question = (address, "show sess")
            }
        }
        return WorkerInquiry.Subject(
            pid: worker.pid, startTicks: worker.startTicks, master: master.pid, question: question,
            silence: silence, masterPath: masterPath, program: master.program, timeouts: worker.timeouts)
    }
}
