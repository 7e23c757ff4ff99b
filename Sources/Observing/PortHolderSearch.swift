// Who has the port that a load could not bind? The failure names the address, or nothing does and every port of the
// files is looked at. The owners of sockets are found in steps that keep the screen alive.

import Glibc
import ReloadModel
import Unix

struct PortHolderSearch {
    private static let step = Duration.milliseconds(8)
    /// More ports than these are not looked at.
    private static let mostPorts = 256

    private let proc: ProcTree
    private let family: Set<Int32>
    private let sockets: [InternetSocket]
    /// The failure names the port; else any port of the files may be it.
    private let isNamed: Bool
    private var search: SocketOwnerSearch

    /// Nil where there is nothing to look for. `reason`: of the failure; `files`: those that did not load; `family`:
    /// the master and its workers.
    init?(_ reason: String, files: [ConfigurationFile], family: Set<Int32>, proc: ProcTree) {
        isNamed = reason.contains("in use")
        guard isNamed || reason.hasPrefix(Observer.unseen), !reason.contains("(pid ") else { return nil }
        let wanted = isNamed ? Self.address(in: reason) : nil
        let ports = isNamed ? [wanted?.port].compactMap(\.self) : Self.ports(of: files)
        guard !ports.isEmpty, ports.count <= Self.mostPorts,
            let found = try? SocketDiagnosis.internet(states: SocketDiagnosis.listening, ports: ports)
        else { return nil }
        sockets = found.filter { socket in wanted.map(socket.keepsOthers(from:)) ?? true }
        if sockets.isEmpty { return nil }
        self.proc = proc
        self.family = family
        search = SocketOwnerSearch(proc, step: Self.step)
    }

    /// A step further. Who has which port, once it is known; empty where nobody else has one.
    mutating func proceed() -> String? {
        search.look(for: Set(sockets.map(\.inode)))
        guard search.isFinished else { return nil }
        let owners = sockets.compactMap { socket in
            search.owner(of: socket.inode).map { (port: socket.localPort, pid: $0) }
        }
        // What the proxy has already it can have again.
        let own = Set(owners.filter { family.contains($0.pid) }.map(\.port))
        var told: [String] = []
        for owner in owners where !family.contains(owner.pid) && (isNamed || !own.contains(owner.port)) {
            let name = proc.stat(owner.pid)?.name ?? "process"
            let text = "port \(owner.port) is held by \(name) (pid \(owner.pid))"
            if !told.contains(text) { told.append(text) }
        }
        return told.joined(separator: ", ")
    }

    /// Of `cannot bind socket (Address already in use) for [127.0.0.1:80]`.
    private static func address(in reason: String) -> SocketAddress? {
        guard let close = reason.lastIndex(of: "]"), let open = reason[..<close].lastIndex(of: "["),
            let colon = reason[open..<close].lastIndex(of: ":"),
            let port = UInt16(reason[reason.index(after: colon)..<close])
        else { return nil }
        return SocketAddress(numeric: String(reason[reason.index(after: open)..<colon]), port: port)
    }

    private static func ports(of files: [ConfigurationFile]) -> [UInt16] {
        let lines = files.flatMap {
            String(decoding: $0.bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        }
        let words = lines.map { ConfigurationLine.words(of: $0) }.filter {
            $0.first == "bind" && $0.count > 1
        }
        let ports = words.flatMap { $0[1].split(separator: ",") }.compactMap { word in
            word.lastIndex(of: ":").flatMap { UInt16(word[word.index(after: $0)...]) }
        }
        return Array(Set(ports))
    }
}

extension Observer {
    /// What a reason begins with that nobody has told.
    static let unseen = "unknown: "

    /// Looks who has the port that the newest failed load could not have, once a failure.
    func lookForPortHolder(_ watch: MasterWatch) {
        guard let failure = history.records.last(where: { $0.result != .running }), failure.result == .failed,
            let reason = failure.reason
        else {
            portSearch = nil
            return
        }
        if searchedFor != failure.id {
            searchedFor = failure.id
            let isHere = proc.link(master.pid, "ns/net").value == (try? readLink("/proc/self/ns/net"))
            let files = LoadedConfiguration(proc, master: master.pid).files().value ?? []
            let family = Set([master.pid] + (proc.children(master.pid) ?? []))
            portSearch =
                isHere ? PortHolderSearch(reason, files: files, family: family, proc: proc) : nil
        }
        guard let words = portSearch?.proceed() else { return }
        portSearch = nil
        guard !words.isEmpty else { return }
        history.explainLastAnew(
            reason.hasPrefix(Self.unseen)
                ? "likely: \(words) (\(reason.dropFirst(Self.unseen.count)))" : "\(reason); \(words)")
    }
}
