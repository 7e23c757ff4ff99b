// How many clients each worker has. All generations share their listening sockets and ports, so the kernel's list by
// port does not tell whose a connection is. But an old worker accepts no more: what it holds is read once from its
// descriptors, and whatever belongs to no old worker belongs to the one that accepts.

import ReloadModel
import Unix

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
    }

    private let proc: ProcTree
    private var holdings: [Int32: Holdings] = [:]

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

    /// Established client-side connections of each worker. Youngest worker first.
    package mutating func count(_ workers: [Worker]) -> [Int32: Known<Int>] {
        holdings = holdings.filter { pid, _ in workers.contains { $0.pid == pid } }
        do throws(Errno) {
            return try counted(workers)
        } catch {
            let why = Unknown("sock_diag: \(error)")
            return Dictionary(uniqueKeysWithValues: workers.map { ($0.pid, .unknown(why)) })
        }
    }

    private mutating func counted(_ workers: [Worker]) throws(Errno) -> [Int32: Known<Int>] {
        let listening = try SocketDiagnosis.internet(states: SocketDiagnosis.listening)
        let localListening = try SocketDiagnosis.local(states: SocketDiagnosis.listening)
        for worker in workers { refresh(worker, listening, localListening) }
        let all = holdings.values.flatMap(\.listeners)
        var ours = Set(all.map(\.inode))
        // A restarting worker's own sockets are known as soon as it is looked at; until then nobody else's count.
        for worker in workers { ours.formUnion(holdings[worker.pid]?.inodes ?? []) }
        let foreign = listening.filter { !ours.contains($0.inode) }
        let ports = Set(all.map(\.localPort)).sorted()
        let established =
            ports.isEmpty
            ? [] : try SocketDiagnosis.internet(states: SocketDiagnosis.established, ports: ports)
        let usesLocal = holdings.values.contains { !$0.localListeners.isEmpty }
        let local = usesLocal ? try SocketDiagnosis.local(states: SocketDiagnosis.established) : []

        var counts: [Int32: Int] = [:]
        let old = workers.filter { !$0.isAccepting }
        let accepting = workers.filter(\.isAccepting)
        for socket in established where socket.inode != 0 {
            guard all.contains(where: { $0.takes(socket) }) else { continue }
            if let owner = old.first(where: { holdings[$0.pid]?.inodes.contains(socket.inode) == true }) {
                counts[owner.pid, default: 0] += 1
            } else if accepting.count == 1 {
                counts[accepting[0].pid, default: 0] += 1
            } else if let owner = accepting.first(where: {
                holdings[$0.pid]?.inodes.contains(socket.inode) == true
            }) {
                counts[owner.pid, default: 0] += 1
            }
        }
        for socket in local where socket.inode != 0 {
            guard let name = socket.name else { continue }
            let users = workers.filter { holdings[$0.pid]?.localListeners.contains(name) == true }
            guard !users.isEmpty else { continue }
            let owner =
                old.first { holdings[$0.pid]?.inodes.contains(socket.inode) == true }
                ?? (accepting.count == 1 ? accepting[0] : nil)
            if let owner, !owner.adminPaths.contains(name) { counts[owner.pid, default: 0] += 1 }
        }
        return Dictionary(
            uniqueKeysWithValues: workers.map { worker in
                (worker.pid, result(worker, counts[worker.pid] ?? 0, foreign: foreign))
            })
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

    /// Reads a worker's descriptors when it is new, when it stops accepting, and when it has more than before.
    private mutating func refresh(
        _ worker: Worker, _ listening: [InternetSocket], _ localListening: [LocalSocket]
    ) {
        var held = holdings[worker.pid] ?? Holdings()
        defer { holdings[worker.pid] = held }
        let count = proc.descriptorCount(worker.pid)
        let isNew = held.descriptors == nil
        let stopped = held.wasAccepting && !worker.isAccepting
        let known = held.descriptors ?? 0
        // One that should have closed its listeners is read again with every change until it has.
        let grew =
            !worker.isAccepting
            && ((count ?? 0) > known || !held.listensAt.isEmpty && count != known)
        held.wasAccepting = worker.isAccepting
        let blind = worker.isAccepting && held.listeners.isEmpty && held.localListeners.isEmpty
        guard isNew || stopped || grew || blind || held.failure != nil else { return }
        held.descriptors = count ?? 0
        if isNew || held.failure != nil, let elsewhere = proc.otherNetwork(worker.pid) {
            held.failure = elsewhere
            return
        }
        switch proc.socketInodes(worker.pid) {
        case .unknown(let why): held.failure = why
        case .known(let inodes):
            held.failure = nil
            held.inodes = inodes
            let listeners = listening.filter { inodes.contains($0.inode) }
            let names = localListening.filter { inodes.contains($0.inode) }.compactMap(\.name)
            held.listensAt =
                Set(listeners.map(\.localText)).sorted()
                + Set(names).subtracting(worker.adminPaths).sorted()
            if !listeners.isEmpty { held.listeners = listeners }
            let clients = Set(names).subtracting(worker.adminPaths)
            if !clients.isEmpty { held.localListeners = clients }
        }
    }

    /// Where a worker listens for clients.
    package func listening(_ pid: Int32) -> Known<[String]> {
        guard let held = holdings[pid] else { return .unknown(Unknown("not looked at yet")) }
        if let failure = held.failure { return .unknown(failure) }
        return .known(held.listensAt)
    }

    /// The sockets of a worker as last read.
    package func sockets(of pid: Int32) -> Set<UInt64> { holdings[pid]?.inodes ?? [] }
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

    /// Whether two listeners can be given the same connection.
    func overlaps(_ other: InternetSocket) -> Bool {
        isWildcard || other.isWildcard || localAddress == other.localAddress
    }
}
