// Whether the files on disk are what runs. By content, where somebody knows what the worker was loaded from: then
// neither a `touch` nor the same bytes in a new file are drift. Else by times: a file that was moved or copied into its
// place keeps an old time of content, and the time of its last change of anything tells.

import Glibc
import Observing
import ReloadModel
import Unix

struct Drift {
    /// A worker's start is known to a clock tick.
    private static let tick: Int64 = 20_000

    /// Why the disk is not, or not surely, what runs, without the word itself; nil: it is.
    var reason: String?
    /// The names of the files on disk that are meant, where they can be told.
    private(set) var changed: [String] = []
    /// What that was told by.
    var evidence: String
    /// The files that the serving worker was loaded from, where their content is known.
    var running: [ConfigurationFile]?
    /// SHA-256 of what runs under the names of its files, where a witness tells it.
    private var hashes: [String: String] = [:]

    /// Holds the files of `master` against what its serving worker was loaded from. `asking`: the worker is asked as
    /// well, and may take half a second to answer.
    init(
        _ snapshot: Snapshot, _ loaded: LoadedConfiguration, on master: RunningMaster, _ audit: AuditLog?,
        _ proc: ProcTree, asking: Bool = true
    ) {
        evidence = "the times of the files"
        let disk = loaded.files()
        let serving = snapshot.workers.first { $0.state == .serving }
        if let disk = disk.value, let serving,
            let content = LoadedContent.of(serving.pid, under: master, audit, proc, asking: asking)
        {
            evidence = content.witness
            let difference = content.difference(from: disk)
            if difference.isEmpty {
                running = disk
            } else {
                compare(content, difference, disk, loaded, audit)
            }
            return
        }
        switch snapshot.configuration.disk {
        case .known(.same):
            running = snapshot.configuration.filesInForce.value
            if let name = serving.flatMap({ proc.stat($0.pid) }).flatMap({ moved($0, loaded) }) {
                running = nil
                changed = [name]
                reason =
                    "\(name) was put there, or its owner or mode was changed, after this worker had read it, and "
                    + "nothing tells what it has read"
            }
        case .known(.differs(let names, _)):
            evidence = "their content, which was seen as it was loaded"
            running = snapshot.configuration.filesInForce.value
            for file in running ?? [] { hashes[file.path] = HostState.hash(file.bytes) }
            changed = names
            reason = LoadedContent.Difference(changed: names).sentence
        case .unknown(let why):
            reason = "it cannot be told whether the files on disk are what runs (\(why.reason))"
        }
    }

    /// What runs in the place of one file, under its name.
    func running(_ name: String) -> Placement.Running {
        if reason == nil { return .whatLiesThere }
        return hashes[name].map { .content($0) } ?? .unknown
    }

    /// The content differs: says how, and looks for what runs in the copy that the last reload kept.
    private mutating func compare(
        _ content: LoadedContent, _ difference: LoadedContent.Difference, _ disk: [ConfigurationFile],
        _ loaded: LoadedConfiguration,
        _ audit: AuditLog?
    ) {
        changed = difference.changed
        var words = [difference.sentence]
        var files = disk
        let entries = loaded.entries().value ?? []
        for file in disk { hashes[file.path] = content.hash(of: file.path, among: disk) }
        for name in changed {
            guard let hash = hashes[name],
                let index = files.firstIndex(where: { $0.path == name }),
                let place = entries.first(where: { $0.name == name })?.place
            else { continue }
            let there = HostState.hash(files[index].bytes)
            words.append("\(name) has the sha256 \(there.prefix(12))…, what runs \(hash.prefix(12))…")
            if let who = audit?.interrupted(placing: FileState.resolved(place), there) { words.append(who) }
            let (previous, found) = Placement.keptNames(of: FileState.resolved(place))
            for kept in [previous, found] {
                guard let state = try? FileState(of: kept), state.hash == hash else { continue }
                files[index].bytes = state.bytes
                words.append("what runs is kept as \(kept)")
                break
            }
        }
        reason = words.joined(separator: "; ")
        let found = LoadedContent(
            files: files.map { LoadedContent.File(name: $0.path, hash: HostState.hash($0.bytes)) },
            witness: "")
        if content.files.map(\.hash) == found.files.map(\.hash) { running = files }
    }

    /// The first file that took its place, or was changed otherwise than in its content, after the worker's start.
    private func moved(_ serving: ProcessStat, _ loaded: LoadedConfiguration) -> String? {
        let started = ProcTree.startTime(serving.startTicks)
        for file in loaded.entries().value ?? [] {
            var info = stat()
            guard stat(file.place, &info) == 0 else { continue }
            if info.st_ctim.microseconds > started + Self.tick { return file.name }
        }
        return nil
    }
}
