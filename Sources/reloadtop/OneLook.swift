// `--once`, `--json` and every output that is not a terminal: two samples, one report, an exit status.

import Glibc
import Observing
import ReloadModel
import Reporting
import TextUI
import Unix

struct OneLook {
    let options: Reloadtop

    /// The exit status.
    func run() -> Int32 {
        if options.demo {
            complain("--demo needs a terminal with a screen; TERM and standard output give none.")
            return 1
        }
        let master: RunningMaster
        do throws(AttachFailure) {
            master = try options.target.find()
        } catch {
            return options.check ? check(error) : OneLook.explain(error)
        }
        let observer = Observer(master, options: options.observing)
        _ = observer.sample()
        // Processor shares and rates need a second sample.
        usleep(200_000)
        _ = observer.drainEvents()
        var snapshot = observer.sample()
        // Why a load failed, and who has its port, is told within a moment.
        let begin = Instant.now()
        while observer.isSearching, Instant.now() - begin < Self.longestSearch {
            usleep(20_000)
            _ = observer.drainEvents()
            snapshot = observer.sample()
        }
        if options.check { return tell(check(observer, snapshot)) }
        let text = options.json ? ReportJSON.object(snapshot) : ReportText.table(snapshot)
        let notes = ReportText.notes(snapshot)
        do throws(Errno) {
            try File.writeAll(STDOUT_FILENO, text.utf8)
            if !notes.isEmpty { try File.writeAll(STDERR_FILENO, notes.utf8) }
        } catch {
            complain("cannot write the report: \(error)")
            return 1
        }
        return 0
    }

    /// What takes longer to see than two looks is looked at for as long as its threshold says, but not for ever.
    private func check(_ observer: Observer, _ first: Snapshot) -> CheckLine {
        let thresholds = options.observing.thresholds
        let started = Instant.now()
        var snapshot = first
        while true {
            let needed = CheckLine.suspicion(snapshot, thresholds)
            let span = Duration.milliseconds(Int64((needed + 2 * CheckLine.pause) * 1000))
            guard needed > 0, Instant.now() - started < min(span, Self.longestCheck) else { break }
            usleep(UInt32(CheckLine.pause * 1_000_000))
            _ = observer.drainEvents()
            snapshot = observer.sample()
        }
        return CheckLine(snapshot, thresholds)
    }

    private static let longestSearch = Duration.seconds(1)

    /// Monitoring systems give a check ten seconds.
    private static let longestCheck = Duration.seconds(8)

    /// The line of `--check` when there is nothing to look at.
    private func check(_ failure: AttachFailure) -> Int32 {
        switch failure {
        case .none: tell(CheckLine(.critical, "no HAProxy or mwproxy master runs here"))
        case .several(let masters):
            tell(
                CheckLine(
                    .unknown, "\(masters.count) masters run here: name one with --pid or --master-socket"))
        case .unsuitable(let sentence): tell(CheckLine(.unknown, sentence))
        }
    }

    private func tell(_ line: CheckLine) -> Int32 {
        do throws(Errno) {
            try File.writeAll(STDOUT_FILENO, line.text.utf8)
            return line.status.rawValue
        } catch {
            complain("cannot write the line: \(error)")
            return CheckLine.Status.unknown.rawValue
        }
    }

    /// Says why nothing is watched; the exit status.
    static func explain(_ failure: AttachFailure) -> Int32 {
        switch failure {
        case .none:
            complain(AttachFailure.nothingRuns)
            return 1
        case .several(let masters):
            complain("several masters run here; name one with --pid or --master-socket:")
            try? File.writeAll(STDERR_FILENO, ReportText.choice(masters).utf8)
            return 2
        case .unsuitable(let sentence):
            complain(VisibleText.of(sentence))
            return 1
        }
    }
}
