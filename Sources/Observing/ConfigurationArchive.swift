// The configuration files as they were at each load: read once when a load begins, kept within a budget. Between
// loads the files are only stat'ed, and read again when that shows a change.

import ReloadModel
import Unix

package struct ConfigurationArchive {
    /// How much text and how many loads are kept.
    private static let mostBytes = 16 << 20
    private static let mostVersions = 200
    /// How often the disk is looked at.
    private static let period: Int64 = 3_000_000
    /// How many of the newest loads may still become clearer.
    private static let lately = 20
    /// How far apart two sources may see the same moment.
    private static let sameMoment: Int64 = 2_000_000

    private var loaded: LoadedConfiguration
    private var versions: [ConfigurationVersion]
    /// The place in `versions` of what the serving worker runs.
    private var inForce = 0
    private let attachedAt: Int64
    private var lastLook: Int64 = 0
    private var marks: [FileMark]?
    private var disk: Known<ConfigurationRecord.Disk> = .unknown(Unknown("not looked at yet"))
    private var edit: ConfigurationRecord.Edit?

    /// `servingSince`: when the worker that serves now was started, microseconds since 1970; files that were changed
    /// later are not what it runs.
    package init(_ loaded: LoadedConfiguration, servingSince: Int64?, now: Int64) {
        self.loaded = loaded
        attachedAt = now
        let files: Known<[ConfigurationFile]> =
            servingSince.map { loaded.files(notAfter: $0) }
            ?? .unknown(Unknown("no worker served when reloadtop came"))
        versions = [ConfigurationVersion(at: servingSince ?? now, files: files, result: .success)]
    }

    /// Another master has taken the place of the one before.
    package mutating func follow(_ loaded: LoadedConfiguration) {
        self.loaded = loaded
        marks = nil
    }

    /// Takes in what is known of the loads: reads the files of one that has just begun, and learns which version is in
    /// force.
    package mutating func follow(_ records: [ReloadRecord]) {
        let recent = records.suffix(Self.lately)
        forget(unlike: recent)
        for record in recent {
            guard let at = record.at, at >= attachedAt else { continue }
            if let index = place(of: record, at: at) {
                versions[index].attempt = record.attempt ?? versions[index].attempt
                versions[index].result = record.result
                if record.result == .success || record.result == .restart, index > inForce {
                    inForce = index
                    marks = nil
                    lastLook = 0
                }
            } else if at > versions[versions.count - 1].at, loaded.isReadable {
                append(record, at: at)
            }
        }
    }

    /// What looked like a load and was none leaves no version.
    private mutating func forget(unlike records: ArraySlice<ReloadRecord>) {
        let known = Set(records.compactMap { record in record.at.flatMap { place(of: record, at: $0) } })
        for index in versions.indices.dropFirst().reversed()
        where versions[index].attempt == nil && index != inForce && !known.contains(index)
            && versions[index].at >= records.first?.at ?? .max
        {
            versions.remove(at: index)
            if index < inForce { inForce -= 1 }
        }
    }

    private func place(of record: ReloadRecord, at: Int64) -> Int? {
        if let number = record.attempt, let same = versions.lastIndex(where: { $0.attempt == number }),
            abs(versions[same].at - at) <= Self.sameMoment
        {
            return same
        }
        func distance(_ index: Int) -> Int64 { abs(versions[index].at - at) }
        return versions.indices.dropFirst().filter { index in
            let isOther = versions[index].attempt != nil && versions[index].attempt != record.attempt
            return distance(index) == 0
                || !isOther && record.attempt != nil && distance(index) <= Self.sameMoment
        }.min { distance($0) < distance($1) }
    }

    private mutating func append(_ record: ReloadRecord, at: Int64) {
        // A load that runs reads what is there now; one that was over when it was seen has read what was not
        // changed since.
        let took = Int64((record.durationMilliseconds.value ?? 0) * 1000)
        var files = loaded.files(notAfter: record.result == .running ? nil : at + took + 1000)
        if case .unknown = files, record.result != .running {
            files = .unknown(Unknown("the files were changed before this load was seen"))
        }
        if case .known(var fresh) = files, let before = versions.last?.files.value {
            // What stayed the same shares its memory with the version before.
            for index in fresh.indices {
                if let same = before.first(where: { $0 == fresh[index] }) { fresh[index] = same }
            }
            files = .known(fresh)
        }
        versions.append(
            ConfigurationVersion(at: at, attempt: record.attempt, files: files, result: record.result))
        trim()
        if record.result == .success || record.result == .restart { inForce = versions.count - 1 }
    }

    /// Lets the oldest go; never the one in force.
    private mutating func trim() {
        while versions.count > 2, inForce > 0, versions.count > Self.mostVersions || bytes > Self.mostBytes {
            versions.removeFirst()
            inForce -= 1
        }
    }

    /// Bytes that are kept: a file that stayed the same counts once.
    private var bytes: Int {
        var total = 0
        var before: [ConfigurationFile] = []
        for version in versions {
            let files = version.files.value ?? []
            for file in files
            where !before.contains(where: { $0.path == file.path && $0.modifiedAt == file.modifiedAt }) {
                total += file.bytes.count
            }
            before = files
        }
        return total
    }

    /// Holds the disk against what runs: cheap, and only now and then.
    package mutating func lookAtDisk(now: Int64) {
        guard now - lastLook >= Self.period else { return }
        lastLook = now
        let fresh = loaded.marks()
        if fresh != nil, fresh == marks { return }
        marks = fresh
        func changed(_ names: [String]) -> Int64? {
            fresh?.filter { names.contains($0.name) }.map { $0.changed / 1000 }.max()
        }
        edit = nil
        switch (versions[inForce].files, loaded.files()) {
        case (.unknown(let why), .known):
            disk = .unknown(why)
            let names = inForce == 0 ? loaded.names(changedAfter: versions[0].at) : []
            if !names.isEmpty {
                edit = ConfigurationRecord.Edit(names: names, at: changed(names), isCompared: false)
            }
        case (_, .unknown(let why)): disk = .unknown(why)
        case (.known(let running), .known(let there)):
            let names = (running + there).map(\.path)
            let different = names.enumerated().filter { index, name in
                names.firstIndex(of: name) == index
                    && running.first { $0.path == name }?.bytes != there.first { $0.path == name }?.bytes
            }.map(\.element)
            disk = .known(different.isEmpty ? .same : .differs(different, files: there))
            if !different.isEmpty {
                edit = ConfigurationRecord.Edit(names: different, at: changed(different), isCompared: true)
            }
        }
    }

    package var record: ConfigurationRecord {
        ConfigurationRecord(versions: versions, inForce: .known(inForce), disk: disk, edit: edit)
    }
}
