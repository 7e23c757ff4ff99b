// What happens to the master and its workers: by the kernel's process connector where it tells, else by looking at
// the master's children ten times a second, with what that can miss said aloud.

import Glibc
import ReloadModel
import Unix

final class FamilyEvents {
    /// How often the fallback looks.
    private static let period = Duration.milliseconds(100)

    private let proc: ProcTree
    private let master: Int32
    private let connector: ProcessConnector?
    private let refusal: Errno?
    private var children: Set<Int32>
    private var lastLook = Instant.now()
    private var hasLost = false

    init(_ proc: ProcTree, master: Int32) {
        self.proc = proc
        self.master = master
        children = Set(proc.children(master) ?? [])
        do throws(Errno) {
            connector = try ProcessConnector(.family(of: master))
            refusal = nil
        } catch {
            connector = nil
            refusal = error
        }
    }

    var descriptor: Int32? { connector?.descriptor }
    /// Whether the master's own executions are seen.
    var tellsExecutions: Bool { connector != nil }
    var nextPoll: Instant { connector == nil ? lastLook + Self.period : .never }

    /// What happened since the last call.
    func drain() -> [ProcessConnector.Timed] {
        if let connector {
            let events = connector.drain()
            if events.contains(where: { $0.event == .lost }) { hasLost = true }
            return events
        }
        let now = Instant.now()
        guard now >= nextPoll else { return [] }
        lastLook = now
        guard let current = proc.children(master).map({ Set($0) }) else { return [] }
        defer { children = current }
        let at = WallClock.now().microseconds
        return current.subtracting(children).sorted().map { (.childStarted($0), at) }
            + children.subtracting(current).sorted().map { (.childEnded($0), at) }
    }

    var blindness: Blindness? {
        if hasLost {
            return Blindness(
                what: "process events",
                unknown: Unknown("the kernel dropped some (ENOBUFS): a short-lived worker may be missing"))
        }
        guard let refusal else { return nil }
        // The kernel refuses the first and ignores the second.
        let isElsewhere = refusal == .connectionRefused || refusal == .timedOut
        let cause =
            isElsewhere
            ? "the kernel does not tell them in this network or pid namespace"
            : "the kernel's process connector: \(refusal)"
        return Blindness(
            what: "process events",
            unknown: Unknown(
                "short-lived workers and exit codes can be missed, looking 10 times a second; \(cause)",
                remedy: "run as root or with CAP_NET_ADMIN, in the host's namespaces"))
    }
}
