// Who has the port that a load could not bind? The failure names the address, or nothing does and every `bind` of the
// files is looked at: who listens at another address of the port is in nobody's way. The owners of sockets are found in
// steps that keep the screen alive.

import Glibc
import ReloadModel
import Unix

struct PortHolderSearch {
    private static let step = Duration.milliseconds(8)
    /// The kernel is asked for all listeners where there are more ports than these.
    private static let mostPorts = 256

    /// An address that the files want.
    private struct Place {
        let address: SocketAddress
        let isIPv6Only: Bool

        func isTaken(by socket: InternetSocket) -> Bool {
            socket.address.overlaps(address, isIPv6Only: isIPv6Only || socket.isIPv6Only)
        }
    }

    private let proc: ProcTree
    private let family: Set<Int32>
    private let places: [UInt16: [Place]]
    private let sockets: [InternetSocket]
    /// The failure names the address; else any of the files may be it.
    private let isNamed: Bool
    private var search: SocketOwnerSearch

    /// Nil where there is nothing to look for. `reason`: of the failure; `files`: those that did not load; `family`:
    /// the master and its workers.
    init?(_ reason: String, files: [ConfigurationFile], family: Set<Int32>, proc: ProcTree) {
        isNamed = reason.contains("in use")
        guard isNamed || reason.hasPrefix(Observer.unseen), !reason.contains("(pid ") else { return nil }
        var wanted = Self.places(in: files)
        if isNamed {
            guard let address = Self.address(in: reason) else { return nil }
            wanted = [wanted.first { $0.address == address } ?? Place(address: address, isIPv6Only: false)]
        }
        let places = Dictionary(grouping: wanted) { $0.address.port ?? 0 }
        let ports = places.count <= Self.mostPorts ? Array(places.keys) : []
        guard !places.isEmpty,
            let found = try? SocketDiagnosis.internet(states: SocketDiagnosis.listening, ports: ports)
        else { return nil }
        sockets = found.filter { socket in
            places[socket.localPort]?.contains { $0.isTaken(by: socket) } == true
        }
        if sockets.isEmpty { return nil }
        self.places = places
        self.proc = proc
        self.family = family
        search = SocketOwnerSearch(proc, step: Self.step)
    }

    /// A step further. Who has which port, once it is known; empty where nobody else has one.
    mutating func proceed() -> String? {
        search.look(for: Set(sockets.map(\.inode)))
        guard search.isFinished else { return nil }
        let owners = sockets.compactMap { socket in
            search.owner(of: socket.inode).map { (socket: socket, pid: $0) }
        }
        let own = Set(owners.filter { family.contains($0.pid) }.map(\.socket.address))
        var told: [String] = []
        for (socket, pid) in owners where !family.contains(pid) {
            // What the proxy has already it can have again.
            let isInTheWay = places[socket.localPort]?.contains { place in
                place.isTaken(by: socket) && (isNamed || !own.contains(place.address))
            }
            guard isInTheWay == true else { continue }
            let name = proc.stat(pid)?.name ?? "process"
            let text = "port \(socket.localPort) is held by \(name) (pid \(pid))"
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

    private static func places(in files: [ConfigurationFile]) -> [Place] {
        let lines = files.flatMap {
            String(decoding: $0.bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        }
        let binds = lines.map { ConfigurationLine.words(of: $0) }.filter {
            $0.first == "bind" && $0.count > 1
        }
        return binds.flatMap { words in
            BindWord.addresses(words[1]).map {
                Place(address: $0, isIPv6Only: words.contains("v6only"))
            }
        }
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
