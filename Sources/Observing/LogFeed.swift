// The proxy's log lines from wherever they can be had: a file that the user names or that the master's standard error
// goes to, a journal, or nowhere.

import Glibc
import ReloadModel
import Unix

final class LogFeed {
    private enum Feed {
        case file(LogFile)
        case journal(Journal)
        case none(Unknown)
    }

    /// How often a file is looked at.
    private static let period = Duration.milliseconds(250)
    private let feed: Feed
    private let isStandardError: Bool
    private var lastLook = Instant.now()
    private let selection: Journal.Selection

    init(_ options: ObserverOptions, proc: ProcTree, master: RunningMaster) {
        selection =
            (options.journalUnit ?? Self.unit(proc, master.pid)).map { .unit($0) }
            ?? .program(master.program.rawValue)
        let wantsJournal = options.journalUnit != nil || options.journalDirectory != nil
        let own = wantsJournal ? nil : Self.standardError(of: master.pid, proc)
        isStandardError = options.logFile == nil && own != nil
        if let path = options.logFile ?? own {
            feed = .file(LogFile(path: path))
            return
        }
        do throws(Errno) {
            let journal = try Journal(selection, directory: options.journalDirectory)
            feed =
                journal.isEmpty
                ? .none(
                    Unknown(
                        "no journal can be read here",
                        remedy: geteuid() == 0
                            ? "name a file with --log-file"
                            : "name a file with --log-file, or join the group systemd-journal"))
                : .journal(journal)
        } catch {
            feed = .none(
                Unknown(
                    "the journal\(options.journalDirectory.map { " in \($0)" } ?? ""): \(error)",
                    remedy: "name a file with --log-file"))
        }
    }

    /// The file that the master's messages go to, where they go to one: HAProxy before 2.7 tells a load's errors
    /// nowhere else.
    private static func standardError(of master: Int32, _ proc: ProcTree) -> String? {
        var (theirs, named) = (stat(), stat())
        guard let path = proc.link(master, "fd/2").value, stat(proc.path(master, "fd/2"), &theirs) == 0,
            theirs.st_mode & S_IFMT == S_IFREG, stat(path, &named) == 0, named.st_dev == theirs.st_dev,
            named.st_ino == theirs.st_ino, access(path, R_OK) == 0
        else { return nil }
        return path
    }

    /// The systemd service that a process belongs to, by its control group.
    static func unit(_ proc: ProcTree, _ pid: Int32) -> String? {
        guard let text = try? File.readText(proc.path(pid, "cgroup"), limit: 1 << 16) else { return nil }
        return text.split(separator: "\n").lazy.compactMap { line in
            line.split(separator: "/").last { $0.hasSuffix(".service") }.map(String.init)
        }.first
    }

    var descriptor: Int32? {
        if case .journal(let journal) = feed { journal.descriptor } else { nil }
    }

    var nextPoll: Instant {
        if case .file = feed { lastLook + Self.period } else { .never }
    }

    var source: LogLine.Source {
        if case .file = feed { .file } else { .journal }
    }

    var recordSource: ReloadRecord.Source {
        if case .file = feed { .logFile } else { .journal }
    }

    /// Nothing tells the proxy's lines.
    var isSilent: Bool {
        if case .none = feed { true } else { false }
    }

    /// Why it cannot tell of a master before this one; nil: it can.
    var lacksPast: Unknown? {
        isStandardError
            ? Unknown("the log is the standard error of this master, whose lines have no time")
            : blindness?.unknown
    }

    func drain() -> [SourceLine] {
        lastLook = .now()
        return switch feed {
        case .file(let file): file.drain()
        case .journal(let journal): journal.drain()
        case .none: []
        }
    }

    var blindness: Blindness? {
        switch feed {
        case .none(let why): return Blindness(what: "log lines", unknown: why)
        case .file(let file):
            return file.failure.map { error in
                Blindness(what: "log lines", unknown: Unknown("the log file: \(error)"))
            }
        case .journal: return nil
        }
    }
}
