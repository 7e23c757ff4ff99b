// Whose socket is the other end of an admin session? Only the descriptors of all processes tell, so the search runs
// once for each session, in steps that keep the screen alive, and remembers what it found.

import Glibc
import Unix

package struct SocketOwnerSearch {
    /// The longest one step takes.
    private static let step = Duration.milliseconds(40)

    private let proc: ProcTree
    private let own = getpid()
    private var found: [UInt64: Int32] = [:]
    private var hopeless: Set<UInt64> = []
    private var wanted: Set<UInt64> = []
    private var queue: [Int32] = []

    package init(_ proc: ProcTree) {
        self.proc = proc
    }

    /// The process that holds a socket, as far as it is known by now.
    package func owner(of inode: UInt64) -> Int32? { found[inode] }

    /// Nothing more will be found: all owners are known, or every process was looked at.
    package var isFinished: Bool { queue.isEmpty }

    /// Looks for the owners of `inodes`: a step further with every call. What nobody asks for is forgotten.
    package mutating func look(for inodes: Set<UInt64>) {
        found = found.filter { inodes.contains($0.key) && proc.stat($0.value) != nil }
        hopeless.formIntersection(inodes)
        let missing = inodes.filter { found[$0] == nil && !hopeless.contains($0) }
        guard !missing.isEmpty else {
            queue = []
            return
        }
        if queue.isEmpty || missing != wanted {
            // Young processes first: a session is mostly somebody's who came lately.
            queue = proc.pids().filter { $0 != own }.sorted()
            wanted = missing
        }
        let deadline = Instant.now() + Self.step
        while let pid = queue.popLast() {
            if case .known(let sockets) = proc.socketInodes(pid) {
                for inode in wanted.intersection(sockets) { found[inode] = pid }
                wanted = wanted.filter { found[$0] == nil }
                if wanted.isEmpty {
                    queue = []
                    return
                }
            }
            if Instant.now() > deadline { return }
        }
        hopeless.formUnion(wanted)
    }
}
