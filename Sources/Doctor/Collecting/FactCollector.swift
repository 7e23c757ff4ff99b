// The edge: collects the facts about one running proxy from /proc, the kernel's socket lists, the unit files, the
// configuration files and one round of one-shot questions to the workers.

import ConfigLanguage
import Glibc
import Observing
import ReloadModel
import RuntimeAPI
import Unix

struct FactCollector {
    /// A worker with more connections is not asked for the list of its sessions: that costs it.
    private static let listedAtMost = 2000
    /// The longest that all questions together take.
    private static let patience = Duration.milliseconds(300)
    private static let hour: Int64 = 3_600_000_000

    let master: RunningMaster
    let snapshot: Snapshot
    let proc: ProcTree
    let units: UnitFiles

    /// All facts but the configuration test, which takes longer and is told by somebody else.
    func facts(test: Known<ConfigurationTest>) -> SystemFacts {
        let arguments = proc.arguments(master.pid)
        let files = LoadedConfiguration(proc, master: master.pid)
        let onDisk = files.files().map(outline)
        let inForce = snapshot.configuration.filesInForce
        let answers = ask()
        let known = inForce.value == nil ? onDisk : inForce.map(outline)
        return SystemFacts(
            now: snapshot.time, program: master.program, version: snapshot.proxy.version,
            master: master.pid, arguments: arguments, localPeer: localPeer(arguments),
            inForce: known, inForceIsGuessed: inForce.reason, onDisk: onDisk,
            changedFiles: changedFiles, test: test, unit: units.unit(of: master.pid, proc),
            workers: snapshot.workers,
            reloadsInLastHour: snapshot.reloads.filter { ($0.at ?? 0) > snapshot.time - Self.hour }.count,
            sessions: sessions(answers), listeners: listeners(),
            adminSockets: adminSockets(known.value, files, arguments), limits: limits(answers))
    }

    // MARK: Files

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

    /// What each worker that can answer said to `show info` and, where that is cheap, to `show sess`.
    private func ask() -> Known<[Int32: String]> {
        guard let word = master.masterSocket.value,
            let address = AdminAddress.parse(word, relativeTo: try? readLink("/proc/self/cwd"))
        else {
            return .unknown(master.masterSocket.reason ?? Unknown("the master's admin socket is not known"))
        }
        let asked = snapshot.workers.map(\.pid).filter { pid in
            proc.stat(pid).map { !["T", "t", "Z"].contains($0.state) } ?? false
        }
        let questions = asked.map { pid -> (address: SocketAddress, command: String) in
            let few = snapshot.workers.first { $0.pid == pid }?.connections.value ?? .max <= Self.listedAtMost
            return (address, few ? "@!\(pid) show info;@!\(pid) show sess" : "@!\(pid) show info")
        }
        let answers = AdminQuery.ask(questions, within: Self.patience)
        return .known(Dictionary(uniqueKeysWithValues: zip(asked, answers.map(\.text))))
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

    private func listeners() -> Known<[ListenerFact]> {
        if let theirs = proc.link(master.pid, "ns/net").value, let own = try? readLink("/proc/self/ns/net"),
            theirs != own
        {
            return .unknown(
                Unknown(
                    "master \(master.pid) is in another network namespace",
                    remedy: "nsenter --net=/proc/\(master.pid)/ns/net reloadtop doctor --pid \(master.pid)"))
        }
        do throws(Errno) {
            let all = try SocketDiagnosis.internet(states: SocketDiagnosis.listening)
            var ours: Set<UInt64> = []
            for pid in [master.pid] + snapshot.workers.map(\.pid) {
                switch proc.socketInodes(pid) {
                case .known(let inodes): ours.formUnion(inodes)
                case .unknown(let why): return .unknown(why)
                }
            }
            let owners = owners(of: all.filter { !ours.contains($0.inode) })
            return .known(
                all.map { socket in
                    ListenerFact(
                        address: socket.address, isOurs: ours.contains(socket.inode),
                        owner: owners[socket.inode])
                })
        } catch {
            return .unknown(Unknown("sock_diag: \(error)"))
        }
    }

    /// The names of those who hold other sockets, as far as a short search finds them.
    private func owners(of sockets: [InternetSocket]) -> [UInt64: String] {
        var search = SocketOwnerSearch(proc)
        let inodes = Set(sockets.map(\.inode))
        let deadline = Instant.now() + Self.patience
        repeat { search.look(for: inodes) } while !search.isFinished && Instant.now() < deadline
        var names: [UInt64: String] = [:]
        for socket in sockets {
            guard let pid = search.owner(of: socket.inode) else { continue }
            names[socket.inode] = "\(proc.stat(pid)?.name ?? "process") (pid \(pid))"
        }
        return names
    }
}

extension InternetSocket {
    /// Where it listens.
    var address: SocketAddress {
        var bytes = localAddress
        return withUnsafeBytes(of: &bytes) { bytes in
            if !isIPv6 {
                return .ipv4(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)), port: localPort)
            }
            return .ipv6(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                port: localPort, scope: 0)
        }
    }
}
