// Asks a master and, through it, its workers: `show proc` and every worker's `show info` in one connection. Whoever
// stays silent costs one deadline, is asked alone for a while and shows as unknown, never as a hang.

import Glibc
import ReloadModel
import RuntimeAPI
import Unix

/// What one round of questions brought.
struct Inquiry {
    var table: Known<ProcessTable>
    var infos: [Int32: WorkerInfo]
    /// Why a worker that was asked has no info.
    var silence: [Int32: Unknown]
}

final class MasterInquiry {
    private static let wholeRound = Duration.milliseconds(150)
    static let secondTry = Duration.milliseconds(50)
    /// How long a process is left alone after its first, second … silence in a row. The master keeps a session for
    /// each question until the worker has answered it, and HAProxy's takes ten altogether: a worker that never
    /// answers must not be asked until nobody else can ask anything.
    private static let silencePauses: [Duration] = [
        .seconds(3), .seconds(30), .seconds(300), .seconds(3600),
    ]
    /// How long the master is left alone after its first, second … failure in a row: at a reload it is away for
    /// a moment only.
    private static let pauses: [Duration] = [
        .zero, .milliseconds(100), .milliseconds(500), .seconds(1), .seconds(3),
    ]

    private let address: SocketAddress
    private let proc: ProcTree
    private let master: Int32
    private var silentUntil: [Int32: Instant] = [:]
    private var silences: [Int32: Int] = [:]
    private var masterSilentUntil = Instant(nanoseconds: 0)
    private var masterSilence = Unknown("not asked yet")
    private var failures = 0

    init(_ address: SocketAddress, proc: ProcTree, master: Int32) {
        self.address = address
        self.proc = proc
        self.master = master
    }

    /// `states`: of the workers whose process was looked at just now. `resting`: those that have nothing new to tell.
    func ask(
        about workers: [Int32], states: [Int32: Character] = [:], resting: Set<Int32> = []
    ) -> Inquiry {
        let now = Instant.now()
        guard now >= masterSilentUntil else {
            return Inquiry(table: .unknown(masterSilence), infos: [:], silence: [:])
        }
        if let stopped = stopped(master, "the master") {
            return Inquiry(table: .unknown(stopped), infos: [:], silence: [:])
        }
        silentUntil = silentUntil.filter { workers.contains($0.key) && $0.value > now }
        silences = silences.filter { workers.contains($0.key) }
        var silence: [Int32: Unknown] = [:]
        for pid in workers { silence[pid] = stopped(pid, "worker \(pid)", states[pid]) }
        let asked = workers.filter {
            silentUntil[$0] == nil && silence[$0] == nil && !resting.contains($0)
        }
        let command = (["show proc"] + asked.map { "@!\($0) show info" }).joined(separator: ";")
        let answer = AdminQuery.ask(address, command, within: Self.wholeRound)
        if case .refused(let error) = answer {
            return failed(Unknown("the master's admin socket: \(error)\(MasterSearch.remedy(error))"))
        }
        let text = answer.text
        // The list of processes ends with a blank line.
        guard let end = text[...].range(of: "\n\n"),
            let table = ProcessTable(parsing: String(text[..<end.upperBound]))
        else {
            if case .late = answer {
                return failed(
                    Unknown(
                        "the master does not answer on its admin socket: it is busy, or has no session left"))
            }
            return failed(
                Unknown("the master's admin socket does not know 'show proc'"))
        }
        failures = 0
        var infos = ProxyReplies.infos(in: text)
        let missing = asked.filter { infos[$0] == nil }
        if !missing.isEmpty {
            // A worker that has just gone cuts the joined reply, and a silent one blocks it: ask each alone.
            let answers = AdminQuery.ask(
                missing.map { (address, "@!\($0) show info") }, within: Self.secondTry)
            for (pid, answer) in zip(missing, answers) {
                if let info = ProxyReplies.infos(in: answer.text)[pid] {
                    infos[pid] = info
                } else if case .late = answer {
                    let count = silences[pid, default: 0]
                    silences[pid] = count + 1
                    silentUntil[pid] = now + Self.silencePauses[min(count, Self.silencePauses.count - 1)]
                } else {
                    silence[pid] = Unknown("the master cannot reach worker \(pid)")
                }
            }
        }
        for pid in infos.keys { silences[pid] = nil }
        for pid in silentUntil.keys where silence[pid] == nil {
            silence[pid] = Unknown("worker \(pid) does not answer: it is busy or hangs")
        }
        return Inquiry(table: .known(table), infos: infos, silence: silence)
    }

    /// A process that a signal has stopped answers nobody, and each question would wait in it.
    private func stopped(_ pid: Int32, _ name: String, _ seen: Character? = nil) -> Unknown? {
        guard let state = seen ?? proc.stat(pid)?.state, state == "T" || state == "t" else { return nil }
        return Unknown("\(name) is stopped by a signal or a debugger", remedy: "kill -CONT \(pid)")
    }

    private func failed(_ why: Unknown) -> Inquiry {
        masterSilence = why
        masterSilentUntil = .now() + Self.pauses[min(failures, Self.pauses.count - 1)]
        failures += 1
        return Inquiry(table: .unknown(why), infos: [:], silence: [:])
    }

    /// Asks one thing of the master itself; nil when it did not answer in time.
    func ask(_ command: String, within limit: Duration = secondTry) -> String? {
        guard case .complete(let text) = answer(command, within: limit) else { return nil }
        return text
    }

    /// Asks one thing; nil while the master is left alone.
    func answer(_ command: String, within limit: Duration) -> AdminAnswer? {
        guard Instant.now() >= masterSilentUntil, stopped(master, "") == nil else { return nil }
        return AdminQuery.ask(address, command, within: limit)
    }
}

extension Substring {
    /// Where `part`, which is not empty, first occurs.
    func range(of part: String) -> Range<Index>? {
        var part = part
        let found: Int?? = utf8.withContiguousStorageIfAvailable { text in
            part.withUTF8 { wanted in
                (0..<Swift.max(0, text.count - wanted.count + 1)).first { offset in
                    text[offset] == wanted[0]
                        && memcmp(text.baseAddress! + offset, wanted.baseAddress!, wanted.count) == 0
                }
            }
        }
        guard let offset = found ?? nil else { return nil }
        let start = utf8.index(startIndex, offsetBy: offset)
        return start..<utf8.index(start, offsetBy: part.utf8.count)
    }
}
