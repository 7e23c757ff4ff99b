// A reload that cannot be got wrong, in two steps: `prepare` takes the lock, looks, tests and changes nothing; `perform`
// puts the file in place, asks the master, watches, and puts the file back where the load fails.

import Doctor
import Glibc
import Observing
import ReloadModel
import Unix

package final class SafeReload {
    /// Why nothing was done: sentences, and what the proxy said.
    package struct Refusal: Error {
        package let reasons: [String]
        package var plan: ReloadPlan?
        package var log: [String] = []

        init(_ reason: String) { reasons = [reason] }

        init(_ reasons: [String], plan: ReloadPlan?, log: [String] = []) {
            self.reasons = reasons
            self.plan = plan
            self.log = log
        }
    }

    /// The points of the checklist that say something about this reload.
    private static let matters: Set<String> = [
        "master-worker", "nbproc", "unit-reload", "config-test", "bind-ports", "port-strangers",
        "hard-stop-after", "mworker-max-reloads", "peers", "tls-tickets", "tls-ticket-keys",
        "tls-certificates", "tls-expiry", "expose-fd", "descriptors",
    ]
    /// Those whose critical findings stop it.
    private static let stopping: Set<String> = ["bind-ports", "master-worker"]
    /// Rates need samples this far apart.
    static let shortestBefore = Duration.milliseconds(2600)

    package let master: RunningMaster
    let wishes: ReloadWishes
    let audit: AuditLog
    let proc: ProcTree
    let watch: ReloadWatch
    let say: (String) -> Void
    private let units = UnitFiles()
    private var lock: ReloadLock?
    private(set) var placement: Placement?
    private(set) var unit: String?
    /// How the disk stood to what ran at the start, and who served then.
    private(set) var drift: Drift?
    private(set) var served: Int32?

    /// - Parameter say: told what is under way, a line at a time.
    package init(
        _ master: RunningMaster, _ wishes: ReloadWishes, audit: AuditLog, proc: ProcTree = ProcTree(),
        say: @escaping (String) -> Void
    ) {
        self.master = master
        self.wishes = wishes
        self.audit = audit
        self.proc = proc
        self.say = say
        var options = ObserverOptions()
        options.surveyPeriod = .seconds(1)
        options.logFile = wishes.logFile
        watch = ReloadWatch(Observer(master, options: options))
    }

    // MARK: Before

    /// Everything up to the question whether to go on. Changes nothing. Once the new content is read, which may come
    /// over a network, signals that would end the program are held back: they end it with a verdict, or not at all.
    package func prepare() throws(Refusal) -> ReloadPlan {
        let loaded = LoadedConfiguration(proc, master: master.pid)
        let files = try listed(loaded)
        do throws(ReloadLock.Fault) {
            lock = try ReloadLock(on: Set(files.map { Self.folder(of: $0.place) }), proc: proc)
        } catch {
            throw Refusal(error.description)
        }
        if wishes.usesSystemctl { unit = try unitName() }
        if let standstill { throw Refusal(standstill) }
        let snapshot = watch.look()
        let drift = Drift(snapshot, loaded, on: master, audit, proc)
        self.drift = drift
        served = watch.serving
        let target = try target(files)
        let objection = wishes.acceptsDrift ? nil : Self.objection(drift, replacing: target)
        if let objection, !wishes.onlyLooks { throw Refusal(objection) }
        let content = try newContent()
        ReloadWatch.holdInterruptions()
        let next = try staged(content, in: target, loaded, files)
        let plan = try examined(plan(drift, loaded, next), next)
        if let objection { throw Refusal([objection], plan: plan) }
        return plan
    }

    /// A master that is stopped would load whenever somebody lets it go on.
    var standstill: String? {
        proc.stat(master.pid)?.state == "T"
            ? "master \(master.pid) is stopped and loads nothing before it goes on: kill -CONT \(master.pid)"
            : nil
    }

    /// Why drift stops this, and what accepting it would do: what is replaced by the new file goes out of force, and
    /// everything else comes into force.
    private static func objection(_ drift: Drift, replacing target: LoadedFile?) -> String? {
        guard let reason = drift.reason else { return nil }
        let others = drift.changed.filter { $0 != target?.name }
        var effects: [String] = []
        if let target, others.count < drift.changed.count || drift.changed.isEmpty {
            effects.append(
                "puts the new file in the place of what lies in \(target.name) now, which goes out of force and "
                    + "is kept beside it")
        }
        if effects.isEmpty || !others.isEmpty {
            let what = others.isEmpty ? "it" : others.joined(separator: ", ")
            effects.append("brings \(what) into force with this reload")
        }
        return "drift: \(reason). Look at what is there (--dry-run); --accept-drift "
            + effects.joined(separator: ", and ")
    }

    /// The plan with the test and the doctor's findings.
    private func examined(_ plan: ReloadPlan, _ next: NextConfiguration?) throws(Refusal) -> ReloadPlan {
        var plan = plan
        say(
            "test: \(next == nil ? "the files on disk" : "the new file, beside the old one"), as the master would load it"
        )
        guard
            let (report, test) = watch.consult(
                Consultation(master, proc: proc, units: units, next: next))
        else { throw Refusal([interruption].compactMap(\.self), plan: plan) }
        // A test that fails is told by its own words.
        plan.examinations = report.examinations.filter { point in
            Self.matters.contains(point.id) && (point.id != "config-test" || point.severity != .critical)
        }
        switch test {
        case .unknown(let why):
            let remedy = why.remedy.map { ": \($0)" } ?? ""
            throw Refusal(["the new files cannot be tested: \(why.reason)\(remedy)"], plan: plan)
        case .known(let test):
            plan.testCommand = test.command
            plan.testLines = test.lines
            guard test.exitCode == 0 else {
                let reason = FailureReason.first(in: test.lines) ?? "exit status \(test.exitCode)"
                throw Refusal(["the test fails: \(reason)"], plan: plan, log: test.lines)
            }
        }
        let fatal = plan.examinations.filter { Self.stopping.contains($0.id) }.flatMap(\.findings)
            .filter { $0.severity == .critical }
        if !fatal.isEmpty, !wishes.acceptsFindings {
            throw Refusal(
                fatal.map(\.what) + ["--accept-findings reloads in spite of that"], plan: plan)
        }
        return plan
    }

    private func listed(_ loaded: LoadedConfiguration) throws(Refusal) -> [LoadedFile] {
        switch loaded.entries() {
        case .known(let files): return files
        case .unknown(let why): throw Refusal(why.reason + (why.remedy.map { ": \($0)" } ?? ""))
        }
    }

    private func unitName() throws(Refusal) -> String {
        switch units.unit(of: master.pid, proc) {
        case .unknown(let why): throw Refusal("--systemctl: \(why.reason)")
        case .known(nil): throw Refusal("--systemctl: no systemd unit owns master \(master.pid)")
        case .known(.some(let unit)): return unit.name
        }
    }

    /// Where the new content comes from, for a person; nil: what lies on the disk is loaded.
    private var source: String? { wishes.newFile.map { $0 == "-" ? "standard input" : $0 } }

    /// The file that the new content is for.
    private func target(_ files: [LoadedFile]) throws(Refusal) -> LoadedFile? {
        guard let source else { return nil }
        do throws(ReloadTarget.Fault) {
            return try ReloadTarget.file(for: source, named: wishes.replacing, among: files)
        } catch {
            throw Refusal(error.description)
        }
    }

    /// Writes the new content beside the file that it replaces. Nil: what lies on the disk will be loaded.
    private func staged(
        _ bytes: [UInt8]?, in target: LoadedFile?, _ loaded: LoadedConfiguration, _ files: [LoadedFile]
    ) throws(Refusal) -> NextConfiguration? {
        guard let bytes, let target, let source else { return nil }
        let isElsewhere = target.place.hasPrefix("/proc/")
        do throws(PlacementFault) {
            let placement = try Placement(
                replacing: target.place, isElsewhere: isElsewhere,
                running: drift?.running(target.name) ?? .unknown)
            if placement.before.bytes == bytes {
                say("\(source) is what lies in \(target.name) already: nothing is replaced")
                return nil
            }
            try placement.stage(bytes)
            self.placement = placement
            // In another mount namespace it has the same folder under the master's name.
            let path =
                isElsewhere
                ? Self.folder(of: target.name) + "/" + (placement.staged.split(separator: "/").last ?? "")
                : placement.staged
            let own = ProxyCommandLine(proc.arguments(master.pid)).loading
            var contents = loaded.files().value ?? []
            for index in contents.indices where contents[index].path == target.name {
                contents[index].bytes = bytes
            }
            return NextConfiguration(
                loading: ReloadTarget.words(own, replacing: target, by: path, among: files), files: contents)
        } catch {
            throw Refusal(error.description)
        }
    }

    /// What to put in place, if something. A connection that breaks off ends standard input as well: what came is held
    /// against `newHash`.
    private func newContent() throws(Refusal) -> [UInt8]? {
        guard let name = wishes.newFile, let source else { return nil }
        let bytes: [UInt8]
        do throws(Errno) {
            let limit = FileState.longest
            bytes =
                name == "-"
                ? try File.readAll(STDIN_FILENO, limit: limit) : try File.read(name, limit: limit)
        } catch {
            throw Refusal("cannot read \(source): \(error)")
        }
        if bytes.isEmpty { throw Refusal("\(source) is empty") }
        let hash = HostState.hash(bytes)
        if let wanted = wishes.newHash, wanted != hash {
            throw Refusal("\(source) is not what was meant: its sha256 is \(hash), expected \(wanted)")
        }
        return bytes
    }

    private func plan(
        _ drift: Drift, _ loaded: LoadedConfiguration, _ next: NextConfiguration?
    ) throws(Refusal) -> ReloadPlan {
        let onDisk: [ConfigurationFile]
        switch loaded.files() {
        case .known(let files): onDisk = files
        case .unknown(let why): throw Refusal(why.reason)
        }
        let files = next?.files ?? onDisk
        let running = drift.running.map { .known($0) } ?? watch.snapshot.configuration.filesInForce
        let change = placement.map { placement in
            FileChange(
                path: placement.path, link: placement.link, kept: placement.kept,
                hashBefore: placement.before.hash, hashAfter: placement.after?.hash ?? "")
        }
        let named = NamedFiles(in: files, loadedBy: master.pid, proc)
        return ReloadPlan(
            change: change, diff: ConfigurationDiff(from: running.value ?? onDisk, to: files),
            diffStart: running.reason.map { "the files on disk: \($0.reason)" } ?? "what runs",
            testCommand: "", testLines: [], examinations: [], drift: drift.reason.map { "drift: \($0)" },
            driftEvidence: drift.evidence, way: way,
            named: named, renewed: named.changed(since: servingSince, loadedBy: master.pid, proc))
    }

    /// Microseconds since 1970.
    private var servingSince: Int64 {
        let serving = watch.snapshot.workers.first { $0.state == .serving }
        return serving.flatMap { proc.stat($0.pid) }.map { ProcTree.startTime($0.startTicks) } ?? .max
    }

    private var way: String {
        if let unit { return "systemctl reload \(unit)" }
        return master.masterSocket.value.map { "'reload' on the master's socket \($0)" }
            ?? "SIGUSR2 to master \(master.pid)"
    }

    private static func folder(of path: String) -> String {
        var path = path
        if !path.hasPrefix("/proc/"), let resolved = realpath(path, nil) {
            path = String(cString: resolved)
            free(resolved)
        }
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A signal has come that ends this before anything is changed, as a sentence.
    package var interruption: String? {
        ReloadWatch.interruption.map { "\($0) came before anything was changed" }
    }

    /// What of this host must be the same on the others, as it is now.
    package func host() -> HostState {
        let serving = watch.snapshot.workers.first { $0.state == .serving }
        var limit = serving?.hardStopAfter ?? .unknown(Unknown("no worker serves"))
        // Files that were touched since, and are the same.
        if limit.value == nil, serving?.pid == served, let running = drift?.running {
            limit = HardStopAfter.find(in: running.map { String(decoding: $0.bytes, as: UTF8.self) })
        }
        return HostState.now(of: master.pid, serving: limit, proc)
    }

    /// What the worker that serves was loaded from, with who that is: for the audit log.
    func runs() -> (worker: ProcessIdentity, files: [ConfigurationFile]?)? {
        guard let pid = watch.serving, let worker = ProcessIdentity(pid, proc) else { return nil }
        return (worker, pid == served ? drift?.running : watch.snapshot.configuration.filesInForce.value)
    }

    /// Takes back what `prepare` has written, where nobody goes on.
    package func abandon() {
        placement?.discard()
        placement = nil
        lock = nil
    }
}
