// Who keeps an old worker alive: clients, peers, or an admin session, and whose.

import Glibc
import ReloadModel
import Unix

struct HolderFinder {
    private let proc: ProcTree
    private let own = getpid()
    private var search: SocketOwnerSearch

    init(_ proc: ProcTree) {
        self.proc = proc
        search = SocketOwnerSearch(proc)
    }

    /// An old worker with sessions that are no clients'.
    struct Suspect {
        var worker: Int32
        /// How many such sessions its `show info` counts.
        var sessions: Int
        /// The processes behind them that the worker itself names.
        var named: [Int32]
        var adminPaths: Set<String>
        /// Its sockets, as far as they can be read.
        var sockets: Set<UInt64>
    }

    /// The admin sessions of each suspect. `masterPath`: the master's own admin socket, and its sockets.
    mutating func adminSessions(
        of suspects: [Suspect], masterPath: String?, masterSockets: Set<UInt64>
    ) -> [Int32: Holder] {
        guard !suspects.isEmpty, let local = try? SocketDiagnosis.local(states: SocketDiagnosis.established)
        else {
            search.look(for: [])
            return Dictionary(
                uniqueKeysWithValues: suspects.map {
                    ($0.worker, Holder(kind: .adminSession, count: $0.sessions))
                })
        }
        var peers: [Int32: [UInt64]] = [:]
        let throughMaster = local.filter { $0.name == masterPath && masterSockets.contains($0.inode) }.map(
            \.peer)
        for suspect in suspects {
            let direct = local.filter { socket in
                guard let name = socket.name, suspect.sockets.contains(socket.inode) else { return false }
                return suspect.adminPaths.contains(name)
            }.map(\.peer)
            // Sessions without a path came through the master.
            peers[suspect.worker] = direct.count >= suspect.sessions ? direct : direct + throughMaster
        }
        search.look(for: Set(peers.values.joined().filter { $0 != 0 }))
        var holders: [Int32: Holder] = [:]
        for suspect in suspects {
            let searched = (peers[suspect.worker] ?? []).compactMap { search.owner(of: $0) }
            let owners = (suspect.named + searched).filter { $0 != own }
            let names = Set(owners).sorted().compactMap { pid in
                proc.stat(pid).map { "\($0.name) (pid \(pid))" }
            }
            holders[suspect.worker] = Holder(
                kind: .adminSession, count: suspect.sessions,
                who: names.isEmpty ? nil : names.joined(separator: ", "))
        }
        return holders
    }
}
