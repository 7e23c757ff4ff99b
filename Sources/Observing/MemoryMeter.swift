// The memory of one process from look to look. The kernel walks all its pages to tell the proportional share, which is
// the dearest thing in a look: it is asked when something has changed, and every tenth look in any case.

import ReloadModel

struct MemoryMeter {
    private static let looksBetween = 10
    /// A change of the resident pages by less than this part of them is none.
    private static let tolerance = 0.02

    private var last: MemorySample?
    private var pages = 0
    private var family = 0
    private var looks = 0

    /// `family`: how many workers there are; one more or less divides the shared pages anew.
    mutating func sample(
        _ proc: ProcTree, _ pid: Int32, _ stat: ProcessStat?, family: Int
    ) -> MemorySample {
        looks += 1
        let now = stat?.residentPages ?? 0
        let isSame = family == self.family && Double(abs(now - pages)) <= Double(pages) * Self.tolerance
        if let last, isSame, looks < Self.looksBetween { return last }
        let sample = proc.memory(pid, stat: stat)
        // Processes met in the same look are asked in different ones from then on.
        looks = last == nil ? Int(pid) % Self.looksBetween : 0
        (last, pages, self.family) = (sample, now, family)
        return sample
    }
}
