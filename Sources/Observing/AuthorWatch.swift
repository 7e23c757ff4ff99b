// Programs that start, read at once: a `kill` lives for a millisecond. Only those that may ask for a reload are kept.
// A machine that starts more programs than can be looked at cheaply is told so and left alone for a while.

import Glibc
import ReloadModel
import Unix

final class AuthorWatch {
    /// More starts than this in a second are too many to read.
    private static let most = 150
    private static let pause = Duration.seconds(10)
    private static let kept = 64
    private static let longestChain = 6

    private let proc: ProcTree
    private let connector: ProcessConnector?
    private var accounts = AccountNames()
    private var starts: [ProgramStart] = []
    private var second = Instant(nanoseconds: 0)
    private var inSecond = 0
    /// Until when nothing is read, and how many programs had started in the second before.
    private var resting: (until: Instant, rate: Int)?
    /// What the last programs were started by. Where many start, it is by the same few.
    private var ancestors: [Int32: (name: String, parent: Int32, until: Instant)] = [:]
    private static let mostAncestors = 256
    private static let ancestorsHold = Duration.seconds(2)
    /// Senders of requests, kept for when they are gone.
    private var senders: [Sender: ReloadAuthor] = [:]
    private struct Sender: Hashable {
        var pid: Int32
        var at: Int64
    }

    init(_ proc: ProcTree) {
        self.proc = proc
        connector = try? ProcessConnector(.executions)
    }

    var descriptor: Int32? { resting == nil ? connector?.descriptor : nil }
    /// When the watch begins again.
    var nextPoll: Instant { resting?.until ?? .never }

    var blindness: Blindness? {
        guard let resting else {
            return connector == nil
                ? Blindness(
                    what: "authors of reloads",
                    unknown: Unknown(
                        "the kernel does not tell which programs start",
                        remedy: "run as root or with CAP_NET_ADMIN, in the host's namespaces"))
                : nil
        }
        return Blindness(
            what: "authors of reloads",
            unknown: Unknown(
                "\(resting.rate) programs started within a second (> \(Self.most)): not watched for "
                    + "\(Int(Self.pause.nanoseconds / 1_000_000_000)) s, to cost nothing"))
    }

    /// Reads the programs that have started.
    func drain() {
        guard let connector else { return }
        if let resting {
            guard Instant.now() >= resting.until else { return }
            _ = connector.drain()
            self.resting = nil
            inSecond = 0
            do throws(Errno) { try connector.select(.executions) } catch { rest(connector) }
            return
        }
        let events = connector.drain()
        let instant = Instant.now()
        if instant - second >= .seconds(1) { (second, inSecond) = (instant, 0) }
        inSecond += events.count
        if inSecond > Self.most || events.contains(where: { $0.event == .lost }) { return rest(connector) }
        for case (.programStarted(let pid), let at) in events { read(pid, at: at) }
    }

    private func rest(_ connector: ProcessConnector) {
        resting = (.now() + Self.pause, inSecond)
        // Without the filter the events would only pile up until the kernel drops them.
        try? connector.select(.nothing)
    }

    private func read(_ pid: Int32, at: Int64) {
        guard let stat = proc.stat(pid) else { return }
        if ancestors.count > Self.mostAncestors { ancestors = [:] }
        // It has another name than before.
        ancestors[pid] = (stat.name, stat.parent, .now() + Self.ancestorsHold)
        let arguments = proc.arguments(pid)
        let program = arguments.first?.split(separator: "/").last.map(String.init) ?? ""
        guard AuthorGuess.mayAsk(stat.name) || AuthorGuess.mayAsk(program) else { return }
        starts.append(start(pid, stat, arguments, at: at))
        if starts.count > Self.kept { starts.removeFirst() }
    }

    private func start(
        _ pid: Int32, _ stat: ProcessStat, _ arguments: [String], at: Int64
    ) -> ProgramStart {
        let uid = proc.owner(pid)
        var chain = [ProcessLink(pid: pid, name: stat.name)]
        var parent = stat.parent
        while chain.count < Self.longestChain, parent > 0, let above = ancestor(parent) {
            // The first process stands behind everything; it says something where it is the parent.
            if parent == 1 && chain.count > 1 { break }
            chain.insert(ProcessLink(pid: parent, name: above.name), at: 0)
            parent = above.parent
        }
        return ProgramStart(
            pid: pid, at: at, chain: chain, command: arguments.joined(separator: " "), uid: uid,
            user: uid.flatMap { accounts.name(of: $0) }, terminal: stat.terminalName)
    }

    private func ancestor(_ pid: Int32) -> (name: String, parent: Int32, until: Instant)? {
        if let known = ancestors[pid], Instant.now() < known.until { return known }
        ancestors[pid] = proc.stat(pid).map { ($0.name, $0.parent, .now() + Self.ancestorsHold) }
        return ancestors[pid]
    }

    // MARK: Who asked

    /// The likely author of a reload that began at `at`.
    func author(at: Int64, master: Int32, socket: String?, unit: String?) -> ReloadAuthor {
        guard connector != nil, resting == nil else {
            return .unknown(blindness?.unknown.reason ?? "programs are not watched")
        }
        return AuthorGuess.guess(
            starts.filter { $0.pid != master }, at: at, master: master, socket: socket, unit: unit)
    }

    /// Who is likely to have put the master `next`, which runs in `service`, in the place of `gone` at `at`.
    func restarter(at: Int64, gone: Int32, next: Int32, service: String?, unit: String?) -> ReloadAuthor {
        guard connector != nil, resting == nil else {
            return .unknown(blindness?.unknown.reason ?? "programs are not watched")
        }
        return AuthorGuess.restarter(starts, at: at, gone: gone, next: next, service: service, unit: unit)
    }

    /// A process that the proxy itself has named as the sender.
    func sender(_ pid: Int32, uid: UInt32?, via: String, at: Int64) -> ReloadAuthor {
        let key = Sender(pid: pid, at: at)
        if let known = senders[key] { return known }
        var author: ReloadAuthor
        if let start = starts.last(where: { $0.pid == pid && $0.at <= at + 100_000 }) {
            author = start.author(.seen, via: via)
        } else if let stat = proc.stat(pid), stat.state != "Z" || stat.parent > 0,
            ProcTree.startTime(stat.startTicks) <= at + 20_000
        {
            author = start(pid, stat, proc.arguments(pid), at: at).author(.seen, via: via)
        } else {
            author = ReloadAuthor(
                certainty: .seen, chain: [ProcessLink(pid: pid, name: "")], via: via,
                why: "the process had gone before it could be read")
        }
        if let uid {
            author.uid = uid
            author.user = accounts.name(of: uid)
        }
        senders[key] = author
        if senders.count > 512 { senders.removeAll() }
        return author
    }
}
