// Whose socket is the other end of an admin session? Only the descriptors of all processes tell, so the search runs
// once for each session, in steps that keep the screen alive, and remembers what it found.

import Glibc
import Unix

/// Finds the processes at the other ends of sockets.
package struct SocketOwnerSearch {
    private let proc: ProcTree
    private let step: Duration
    private let own = getpid()
    private var found: [UInt64: Int32] = [:]
    private var hopeless: Set<UInt64> = []
    private var wanted: Set<UInt64> = []
    private var queue: [Int32] = []

    /// `step`: about how long one call takes at most.
    package init(_ proc: ProcTree, step: Duration = .milliseconds(40)) {
        self.proc = proc
        self.step = step
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
            // Young processes first: a session is mostly somebody's who came lately. Numbers above the newest are of
            // the round before.
            let newest = proc.newestPID() ?? .max
            queue = proc.pids().filter { $0 != own }.sorted { left, right in
                (left <= newest ? 1 : 0, left) < (right <= newest ? 1 : 0, right)
            }
            wanted = missing
        }
        let deadline = Instant.now() + step
        while let pid = queue.popLast() {
            if case .known(let sockets) = proc.socketInodes(pid) {
                for inode in wanted.intersection(sockets) { found[inode] = holder(of: inode, from: pid) }
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

    /// The process that a socket seen at `pid` belongs to; nil when it holds it no more.
    ///
    /// A child that was forked and has not executed its own program yet holds, for a moment, all that its parent holds.
    private func holder(of inode: UInt64, from pid: Int32) -> Int32? {
        func holds(_ pid: Int32) -> Bool { proc.socketInodes(pid).value?.contains(inode) == true }
        guard let parent = proc.stat(pid)?.parent else { return nil }
        let program = proc.link(parent, "exe")
        if program.value != nil, program == proc.link(pid, "exe"), holds(parent) {
            return holder(of: inode, from: parent)
        }
        return holds(pid) ? pid : nil
    }
}
