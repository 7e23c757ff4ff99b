// The edge: collects the facts about one running proxy from /proc, the kernel's socket lists, the unit files, the
// configuration files and one round of one-shot questions to the workers. It goes on in short steps and waits for
// nothing itself: a screen may be drawn meanwhile.

import ConfigLanguage
import Glibc
import Observing
import ReloadModel
import RuntimeAPI
import Unix

final class FactCollector {
    /// A worker with more connections is not asked for the list of its sessions: that costs it.
    private static let listedAtMost = 2000
    /// The longest that all questions together take.
    private static let patience = Duration.milliseconds(300)
    /// How long one step takes.
    private static let step = Duration.milliseconds(8)
    /// How long those who hold other ports are looked for.
    private static let longestSearch = Duration.milliseconds(400)
    private static let hour: Int64 = 3_600_000_000

    private let master: RunningMaster
    private let snapshot: Snapshot
    private let test: Known<ConfigurationTest>
    private let next: [ConfigurationFile]?
    private let past: AuditedPast
    private let proc: ProcTree
    private let units: UnitFiles
    private let began = Instant.now()

    private enum Stage {
        /// The workers answer, and meanwhile their descriptors are read.
        case asking
        /// The serving worker tells what it has for TLS, …
        case inquiring
        /// … and the files that it is from are read.
        case reading
        case owners(until: Instant)
        case done
    }
    private var stage = Stage.asking
    /// Kept to the end: whoever watches their descriptors may still do so.
    private let exchanges: Known<[(pid: Int32, exchange: AdminExchange)]>
    /// Whose descriptors are still to be read, and those that are.
    private var unread: [Int32]
    private var walk: DescriptorWalk?
    private var ours: Set<UInt64> = []
    private var listening: Known<[InternetSocket]>
    private var search: SocketOwnerSearch
    private let inquiry: Known<TLSInquiry>
    private var tlsFiles: Known<TLSFiles> = .unknown(Unknown("not asked yet"))

    /// `test`: the configuration test, which somebody else has waited for. `next`: the files of the next load, where
    /// they are not those on disk. `past`: as in the facts.
    init(
        _ master: RunningMaster, _ snapshot: Snapshot, test: Known<ConfigurationTest>,
        next: [ConfigurationFile]?, past: AuditedPast, proc: ProcTree, units: UnitFiles
    ) {
        self.next = next
        self.past = past
        self.master = master
        self.snapshot = snapshot
        self.test = test
        self.proc = proc
        self.units = units
        search = SocketOwnerSearch(proc, step: Self.step)
        unread = [master.pid] + snapshot.workers.map(\.pid)
        exchanges = Self.ask(master, snapshot, proc)
        inquiry = Self.inquire(master, snapshot, proc)
        listening = Self.listening(master, proc)
    }

    /// What it waits for; none: `proceed` has something to do at once.
    var descriptors: [Int32] {
        switch stage {
        case .asking where unread.isEmpty:
            return (exchanges.value ?? []).filter { $0.exchange.outcome == nil }.map(\.exchange.descriptor)
        case .inquiring: return [inquiry.value?.descriptor].compactMap(\.self)
        default: return []
        }
    }

    var deadline: Instant {
        descriptors.isEmpty ? .now() : min(began + Self.patience, .now() + .milliseconds(20))
    }

    /// Goes on for some milliseconds; all facts, once they are together.
    func proceed() -> SystemFacts? {
        let end = Instant.now() + Self.step
        repeat {
            switch stage {
            case .asking:
                readDescriptors(until: end)
                let open = (exchanges.value ?? []).filter { $0.exchange.outcome == nil }
                for (_, exchange) in open { exchange.proceed(until: end) }
                let isLate = Instant.now() >= began + Self.patience
                guard unread.isEmpty, isLate || open.allSatisfy({ $0.exchange.outcome != nil }) else {
                    return nil
                }
                for (_, exchange) in open { exchange.end() }
                stage = .inquiring
            case .inquiring:
                switch inquiry {
                case .unknown(let why): tlsFiles = .unknown(why)
                case .known(let inquiry):
                    guard let report = inquiry.proceed() else { return nil }
                    tlsFiles = report.map(files)
                }
                stage = .reading
            case .reading:
                if var reading = tlsFiles.value {
                    let isDone = reading.read(until: end)
                    tlsFiles = .known(reading)
                    guard isDone else { return nil }
                }
                stage = .owners(until: .now() + Self.longestSearch)
            case .owners(let until):
                let others = (listening.value ?? []).filter { !ours.contains($0.inode) }
                search.look(for: Set(others.map(\.inode)))
                if search.isFinished || Instant.now() >= until { stage = .done }
            case .done: return facts()
            }
        } while Instant.now() < end
        return nil
    }

    private func facts() -> SystemFacts {
        let arguments = proc.arguments(master.pid)
        let files = LoadedConfiguration(proc, master: master.pid)
        let onDisk = (next.map { .known($0) } ?? files.files()).map(outline)
        let inForce = snapshot.configuration.filesInForce
        let answers = exchanges.map { all in
            Dictionary(uniqueKeysWithValues: all.map { ($0.pid, $0.exchange.text) })
        }
        let known = inForce.value == nil ? onDisk : inForce.map(outline)
        var facts = SystemFacts(
            now: snapshot.time, program: master.program, version: snapshot.proxy.version,
            master: master.pid, arguments: arguments, localPeer: localPeer(arguments),
            inForce: known, inForceIsGuessed: inForce.reason, onDisk: onDisk,
            changedFiles: changedFiles, test: test, unit: units.unit(of: master.pid, proc),
            workers: snapshot.workers,
            reloadsInLastHour: snapshot.reloads.filter { ($0.at ?? 0) > snapshot.time - Self.hour }.count,
            sessions: sessions(answers), listeners: listeners(),
            adminSockets: adminSockets(known.value, files, arguments), limits: limits(answers),
            tls: tlsFiles.map(\.facts))
        facts.past = past
        facts.tableEntries = tableEntries(answers)
        facts.reloads = snapshot.reloads
        facts.masterUptime = snapshot.master.uptime
        facts.reloadRate = ReloadRate(snapshot)
        facts.lacksPast = snapshot.lacksPast
        return facts
    }

    // MARK: Files

    private func files(_ report: TLSReport) -> TLSFiles {
        let files = LoadedConfiguration(proc, master: master.pid)
        let folder = ProxyCommandLine(proc.arguments(master.pid)).folder
        let configuration = next ?? files.files().value
        return TLSFiles(report, configuration: configuration.map(outline), proc: proc) { name in
            files.path(of: name, in: folder)
        }
    }

    private func outline(_ files: [ConfigurationFile]) -> ConfigurationOutline {
        let entries = proc.environment(master.pid).value ?? []
        return ConfigurationOutline(files.map { ($0.path, $0.bytes) }) { name in
            entries.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.utf8.count + 1)) }
        }
    }

    private var changedFiles: Known<[String]> {
        snapshot.configuration.disk.map { disk in
            switch disk {
            case .same: []
            case .differs(let names, _): names
            }
        }
    }

    /// `-L`, else the host's name as the master sees it.
    private func localPeer(_ arguments: [String]) -> String {
        if let name = ProxyArguments.localPeer(arguments) { return name }
        if proc.link(master.pid, "ns/uts").value == (try? readLink("/proc/self/ns/uts")) {
            var name = [CChar](repeating: 0, count: 256)
            if gethostname(&name, name.count - 1) == 0 { return Self.text(name) }
        }
        let file = proc.path(master.pid, "root") + "/etc/hostname"
        let text = (try? File.readText(file, limit: 4096)) ?? "localhost"
        return String(text.prefix { $0 != "\n" })
    }

    private static func text(_ name: [CChar]) -> String {
        String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func adminSockets(
        _ configuration: ConfigurationOutline?, _ files: LoadedConfiguration, _ arguments: [String]
    ) -> [AdminSocketFact] {
        let line = ProxyCommandLine(arguments)
        let lines = configuration?.global.filter { $0.starts(with: ["stats", "socket"]) } ?? []
        var words = lines.compactMap { $0.words.count > 2 ? $0.words[2] : nil }
        if let own = line.masterSocket { words.append(own) }
        return words.compactMap { word in
            guard case .unix(let path) = AdminAddress.parse(word, relativeTo: ""),
                let place = files.path(of: path, in: line.folder).value
            else { return nil }
            return AdminSocketFact(path: path, isOpenToAll: Self.isOpenToAll(place))
        }
    }

    /// Whether every user can come to a socket and write to it.
    private static func isOpenToAll(_ path: String) -> Bool {
        var info = stat()
        guard stat(path, &info) == 0, info.st_mode & 0o002 != 0 else { return false }
        var folder = path
        while let slash = folder.lastIndex(of: "/"), slash > folder.startIndex {
            folder = String(folder[..<slash])
            guard stat(folder, &info) == 0, info.st_mode & 0o001 != 0 else { return false }
        }
        return true
    }

    // MARK: Workers

    /// Begins to ask the serving worker for what it has for TLS.
    private static func inquire(
        _ master: RunningMaster, _ snapshot: Snapshot, _ proc: ProcTree
    ) -> Known<TLSInquiry> {
        guard let pid = snapshot.workers.first(where: { $0.state == .serving })?.pid else {
            return .unknown(Unknown("no worker serves"))
        }
        return address(of: master).map { TLSInquiry(pid, address: $0) }
    }

    private static func address(of master: RunningMaster) -> Known<SocketAddress> {
        guard let word = master.masterSocket.value,
            let address = AdminAddress.parse(word, relativeTo: try? readLink("/proc/self/cwd"))
        else {
            return .unknown(master.masterSocket.reason ?? Unknown("the master's admin socket is not known"))
        }
        return .known(address)
    }

    /// Asks each worker that can answer for `show info` and, where that is cheap, for `show sess`.
    private static func ask(
        _ master: RunningMaster, _ snapshot: Snapshot, _ proc: ProcTree
    ) -> Known<[(pid: Int32, exchange: AdminExchange)]> {
        let address: SocketAddress
        switch self.address(of: master) {
        case .unknown(let why): return .unknown(why)
        case .known(let found): address = found
        }
        let asked = snapshot.workers.map(\.pid).filter { pid in
            proc.stat(pid).map { !["T", "t", "Z"].contains($0.state) } ?? false
        }
        return .known(
            asked.map { pid in
                let worker = snapshot.workers.first { $0.pid == pid }
                let few = worker?.connections.value ?? .max <= listedAtMost
                var commands = few ? ["show info", "show sess"] : ["show info"]
                if worker?.state == .serving { commands.append("show table") }
                return (
                    pid, AdminExchange(address, commands.map { "@!\(pid) \($0)" }.joined(separator: ";"))
                )
            })
    }

    private func tableEntries(_ answers: Known<[Int32: String]>) -> Known<[String: Int]> {
        guard let serving = snapshot.workers.first(where: { $0.state == .serving })?.pid else {
            return .unknown(Unknown("no worker serves"))
        }
        return answers.map { SurveyReplies.tableEntries(in: $0[serving] ?? "") }
    }

    private func sessions(_ answers: Known<[Int32: String]>) -> Known<[SessionFact]> {
        if let crowded = snapshot.workers.first(where: { $0.connections.value ?? 0 > Self.listedAtMost }) {
            return .unknown(
                Unknown(
                    "worker \(crowded.pid) has more than \(Self.listedAtMost) connections: listing them costs it"
                ))
        }
        return answers.map { answers in
            answers.flatMap { pid, text in
                SessionLine.parse(text).filter { !$0.isAdminSession }.map {
                    SessionFact(worker: pid, frontend: $0.frontend, age: $0.age)
                }
            }
        }
    }

    private func limits(_ answers: Known<[Int32: String]>) -> Known<[LimitFact]> {
        var facts: [LimitFact] = []
        for worker in snapshot.workers {
            do throws(Errno) {
                let text = try File.readText(proc.path(worker.pid, "limits"), limit: 1 << 16)
                guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Max open files") })
                else { continue }
                let words = line.split(separator: " ")
                guard words.count > 3, let allowed = Int(words[3]) else { continue }
                let fields = (answers.value?[worker.pid] ?? "").split(separator: "\n")
                let needed = fields.first { $0.hasPrefix("Maxsock:") }?.split(separator: " ").last
                facts.append(
                    LimitFact(
                        worker: worker.pid, allowed: allowed, used: proc.descriptorCount(worker.pid) ?? 0,
                        needed: needed.flatMap { Int($0) }))
            } catch {
                return .unknown(proc.denied("the limits of worker \(worker.pid)", error))
            }
        }
        return .known(facts)
    }

    // MARK: Ports

    private static func listening(_ master: RunningMaster, _ proc: ProcTree) -> Known<[InternetSocket]> {
        if let theirs = proc.link(master.pid, "ns/net").value, let own = try? readLink("/proc/self/ns/net"),
            theirs != own
        {
            return .unknown(
                Unknown(
                    "master \(master.pid) is in another network namespace",
                    remedy: "nsenter --net=/proc/\(master.pid)/ns/net reloadtop doctor --pid \(master.pid)"))
        }
        do throws(Errno) {
            return .known(try SocketDiagnosis.internet(states: SocketDiagnosis.listening))
        } catch {
            return .unknown(Unknown("sock_diag: \(error)"))
        }
    }

    /// Reads which sockets the master and its workers have.
    private func readDescriptors(until end: Instant) {
        if listening.value == nil { unread = [] }
        while let pid = unread.last, Instant.now() < end {
            do throws(Errno) {
                if walk == nil { walk = try DescriptorWalk(proc, pid) }
                guard let walk, walk.proceed() else { continue }
                ours.formUnion(walk.sockets.values)
                self.walk = nil
                unread.removeLast()
            } catch {
                listening = .unknown(proc.denied("the descriptors of process \(pid)", error))
                unread = []
            }
        }
    }

    private func listeners() -> Known<[ListenerFact]> {
        listening.map { all in
            all.map { socket in
                let owner = search.owner(of: socket.inode).map { pid in
                    "\(proc.stat(pid)?.name ?? "process") (pid \(pid))"
                }
                return ListenerFact(
                    address: socket.address, isIPv6Only: socket.isIPv6Only,
                    isOurs: ours.contains(socket.inode), owner: owner)
            }
        }
    }
}
