// Where each worker listens, and how many clients the kernel sees at it. All generations share their listening sockets
// and ports, so the kernel's list by port does not tell whose a connection is. But an old worker accepts no more: what
// it holds is read from its descriptors, and whatever belongs to no old worker belongs to the one that accepts.
//
// Who listens is cheap and looked at each time. The list of connections is not: the kernel walks its whole table, and
// ten thousand clients take ten milliseconds. The workers count their own; this is for those that do not answer, and
// to tell clients from what they left behind. So a count is made only when a share of the time allows it, and says
// when it was made.

import ReloadModel
import Unix

/// Listeners and clients of the workers, by pid.
package struct ConnectionCensus {
    /// What is remembered of one worker.
    private struct Holdings {
        var inodes: Set<UInt64> = []
        /// The descriptor count when `inodes` was read; more than that means new sockets.
        var descriptors: Int?
        /// Where it listens, or listened when it last did.
        var listeners: [InternetSocket] = []
        var localListeners: Set<String> = []
        /// Where it listened when its descriptors were last read.
        var listensAt: [String] = []
        var wasAccepting = true
        var failure: Unknown?

        mutating func read(_ proc: ProcTree, _ pid: Int32) {
            switch proc.socketInodes(pid) {
            case .unknown(let why): failure = why
            case .known(let found): (inodes, failure) = (found, nil)
            }
        }
    }

    private let proc: ProcTree
    private var holdings: [Int32: Holdings] = [:]
    /// All listening TCP sockets as last seen.
    private var listening: [InternetSocket] = []
    /// Why they could not be seen.
    private var failure: Unknown?

    package init(_ proc: ProcTree) {
        self.proc = proc
    }

    /// What one worker has.
    package struct Worker {
        package var pid: Int32
        /// It takes new connections.
        package var isAccepting: Bool
        /// Its admin sockets' names: connections there are no clients.
        package var adminPaths: Set<String>

        package init(pid: Int32, isAccepting: Bool, adminPaths: Set<String>) {
            self.pid = pid
            self.isAccepting = isAccepting
            self.adminPaths = adminPaths
        }
    }

    /// A count of all workers' clients.
    package struct Tally {
        /// Established client-side connections.
        package var counts: [Int32: Known<Int>]
        package var at: Instant
        /// How long it took.
        package var took: Duration
    }

    /// The latest count.
    package private(set) var tally: Tally?

    /// Looks where each worker listens. Youngest worker first.
    package mutating func look(_ workers: [Worker]) {
        holdings = holdings.filter { pid, _ in workers.contains { $0.pid == pid } }
        do throws(Errno) {
            listening = try SocketDiagnosis.internet(states: SocketDiagnosis.listening)
            let local = try SocketDiagnosis.local(states: SocketDiagnosis.listening)
            for worker in workers { refresh(worker, local) }
            failure = nil
        } catch {
            failure = Unknown("sock_diag: \(error)")
        }
    }

    /// Counts, unless the last count is younger than `share` times what it took. True: the tally is fresh. After
    /// `look`, with the same workers.
    package mutating func count(_ workers: [Worker], share: Int64) -> Bool {
        let now = Instant.now()
        if let tally, now - tally.at < .nanoseconds(tally.took.nanoseconds * share) { return false }
        let counts: [Int32: Known<Int>]
        do throws(Errno) {
            if let failure {
                counts = Dictionary(uniqueKeysWithValues: workers.map { ($0.pid, .unknown(failure)) })
            } else {
                counts = try counted(workers)
            }
        } catch {
            let why = Unknown("sock_diag: \(error)")
            counts = Dictionary(uniqueKeysWithValues: workers.map { ($0.pid, .unknown(why)) })
        }
        tally = Tally(counts: counts, at: now, took: .now() - now)
        return true
    }

    private mutating func counted(_ workers: [Worker]) throws(Errno) -> [Int32: Known<Int>] {
        for worker in workers where !worker.isAccepting { readWhatGrew(worker.pid) }
        var takers: [InternetSocket] = []
        for listener in holdings.values.flatMap(\.listeners)
        where !takers.contains(where: { $0.isSamePlace(as: listener) }) {
            takers.append(listener)
        }
        let accepting = workers.filter(\.isAccepting).map(\.pid)
        let owners = owners(workers)
        let only = accepting.count == 1 ? accepting[0] : nil
        var counts: [Int32: Int] = [:]
        if !takers.isEmpty {
            let ports = Set(takers.map(\.localPort)).sorted()
            try SocketDiagnosis.forEachInternet(states: SocketDiagnosis.established, ports: ports) { socket in
                guard socket.inode != 0, takers.contains(where: { $0.takes(socket) }),
                    let owner = owners[socket.inode] ?? only
                else { return }
                counts[owner, default: 0] += 1
            }
        }
        let usesLocal = holdings.values.contains { !$0.localListeners.isEmpty }
        let local = usesLocal ? try SocketDiagnosis.local(states: SocketDiagnosis.established) : []
        for socket in local where socket.inode != 0 {
            guard let name = socket.name,
                workers.contains(where: { holdings[$0.pid]?.localListeners.contains(name) == true }),
                let owner = owners[socket.inode] ?? only,
                workers.first(where: { $0.pid == owner })?.adminPaths.contains(name) == false
            else { continue }
            counts[owner, default: 0] += 1
        }
        let foreign = foreign(workers)
        return Dictionary(
            uniqueKeysWithValues: workers.map { worker in
                (worker.pid, result(worker, counts[worker.pid] ?? 0, foreign: foreign))
            })
    }

    /// Whose each socket is, of those that can be told: an old worker's before one that accepts.
    private func owners(_ workers: [Worker]) -> [UInt64: Int32] {
        let isShared = workers.count(where: \.isAccepting) > 1
        let tellable = workers.filter { !$0.isAccepting } + workers.filter { $0.isAccepting && isShared }
        var owners: [UInt64: Int32] = [:]
        owners.reserveCapacity(tellable.reduce(0) { $0 + (holdings[$1.pid]?.inodes.count ?? 0) })
        for worker in tellable.reversed() {
            for inode in holdings[worker.pid]?.inodes ?? [] { owners[inode] = worker.pid }
        }
        return owners
    }

    /// Listening sockets that are no worker's.
    private func foreign(_ workers: [Worker]) -> [InternetSocket] {
        let known = Set(holdings.values.flatMap(\.listeners).map(\.inode))
        // A restarting worker's own sockets are known as soon as it is looked at; until then nobody else's count.
        return listening.filter { socket in
            !known.contains(socket.inode)
                && !workers.contains { holdings[$0.pid]?.inodes.contains(socket.inode) == true }
        }
    }

    private func result(_ worker: Worker, _ count: Int, foreign: [InternetSocket]) -> Known<Int> {
        guard let held = holdings[worker.pid] else { return .unknown(Unknown("not looked at yet")) }
        if let failure = held.failure { return .unknown(failure) }
        if worker.isAccepting {
            if held.listeners.isEmpty && held.localListeners.isEmpty {
                return .unknown(Unknown("worker \(worker.pid) has no listener in this network namespace"))
            }
            if let other = foreign.first(where: { other in
                held.listeners.contains { $0.localPort == other.localPort && $0.overlaps(other) }
            }) {
                return .unknown(Unknown("another process listens on port \(other.localPort) as well"))
            }
        }
        return .known(count)
    }

    /// Reads a worker's descriptors when it is new, when it stops accepting, and when the places where it listens
    /// may have changed.
    private mutating func refresh(_ worker: Worker, _ localListening: [LocalSocket]) {
        var held = holdings[worker.pid] ?? Holdings()
        defer { holdings[worker.pid] = held }
        let isNew = held.descriptors == nil
        let stopped = held.wasAccepting && !worker.isAccepting
        // One that should have closed its listeners is read again with every change until it has.
        let mayHaveClosed =
            !worker.isAccepting && !held.listensAt.isEmpty
            && proc.descriptorCount(worker.pid) != held.descriptors
        held.wasAccepting = worker.isAccepting
        let blind = worker.isAccepting && held.listeners.isEmpty && held.localListeners.isEmpty
        guard isNew || stopped || mayHaveClosed || blind || held.failure != nil else { return }
        held.descriptors = proc.descriptorCount(worker.pid) ?? 0
        if isNew || held.failure != nil, let elsewhere = proc.otherNetwork(worker.pid) {
            held.failure = elsewhere
            return
        }
        held.read(proc, worker.pid)
        guard held.failure == nil else { return }
        let listeners = listening.filter { held.inodes.contains($0.inode) }
        let names = localListening.filter { held.inodes.contains($0.inode) }.compactMap(\.name)
        held.listensAt =
            Set(listeners.map(\.localText)).sorted() + Set(names).subtracting(worker.adminPaths).sorted()
        if !listeners.isEmpty { held.listeners = listeners }
        let clients = Set(names).subtracting(worker.adminPaths)
        if !clients.isEmpty { held.localListeners = clients }
    }

    /// An old worker with more descriptors than before has new connections to servers; what it had is not read again.
    private mutating func readWhatGrew(_ pid: Int32) {
        guard var held = holdings[pid], held.failure == nil, let count = proc.descriptorCount(pid),
            let before = held.descriptors, count != before
        else { return }
        held.descriptors = count
        if count > before { held.read(proc, pid) }
        holdings[pid] = held
    }

    /// The next count reads a worker's descriptors anew.
    package mutating func readAgain(_ pid: Int32) { holdings[pid]?.descriptors = 0 }

    /// Where a worker listens for clients.
    package func listening(_ pid: Int32) -> Known<[String]> {
        if let failure { return .unknown(failure) }
        guard let held = holdings[pid] else { return .unknown(Unknown("not looked at yet")) }
        if let failure = held.failure { return .unknown(failure) }
        return .known(held.listensAt)
    }

    /// The sockets of an old worker.
    package mutating func sockets(of pid: Int32) -> Set<UInt64> {
        readWhatGrew(pid)
        return holdings[pid]?.inodes ?? []
    }
}

extension InternetSocket {
    /// `127.0.0.1:80`, `[::1]:80`, `*:80`
    var localText: String {
        if isWildcard { return "*:\(localPort)" }
        if !isIPv6 { return (0..<4).map { "\(localAddress[$0])" }.joined(separator: ".") + ":\(localPort)" }
        let groups = stride(from: 0, to: 16, by: 2).map { index in
            String(Int(localAddress[index]) << 8 | Int(localAddress[index + 1]), radix: 16)
        }
        return "[\(groups.joined(separator: ":"))]:\(localPort)"
    }

    private var isWildcard: Bool { localAddress == SIMD16(repeating: 0) }

    /// Whether a connection to `socket`'s local address is this listener's.
    func takes(_ socket: InternetSocket) -> Bool {
        guard localPort == socket.localPort else { return false }
        if isWildcard { return isIPv6 || !socket.isIPv6 }
        return localAddress == socket.localAddress
    }

    func isSamePlace(as other: InternetSocket) -> Bool {
        localPort == other.localPort && localAddress == other.localAddress && isIPv6 == other.isIPv6
    }

    /// Whether two listeners can be given the same connection.
    func overlaps(_ other: InternetSocket) -> Bool {
        isWildcard || other.isWildcard || localAddress == other.localAddress
    }
}
