// A search for every master in short steps: to read the command line of each process of a busy host takes longer than
// a screen may stand still.

import ReloadModel

/// A search under way.
package struct MasterSweep {
    private let proc: ProcTree
    private let search: MasterSearch
    private var candidates: [Int32: MasterSearch.Candidate] = [:]
    /// The processes that were not looked at; nil before the first step.
    private var left: ArraySlice<Int32>?

    package init(_ proc: ProcTree = ProcTree()) {
        self.proc = proc
        search = MasterSearch(proc)
    }

    /// Looks at up to `count` processes more. All masters, oldest first, once every process was looked at; nil before.
    package mutating func step(_ count: Int = 64) -> [RunningMaster]? {
        var rest = left ?? proc.pids()[...]
        for pid in rest.prefix(count) { candidates[pid] = search.candidate(pid) }
        rest = rest.dropFirst(count)
        left = rest
        return rest.isEmpty ? search.masters(among: candidates) : nil
    }
}
