// Puts a new content in a file's place so that at every moment the file is the old one or the new one, whole: the new
// bytes are written beside it and synced, then take its name in one step, and the folder is synced. The old file is kept
// beside it, and takes its name back in one step. None of the names ends in .cfg and all are hidden: `-f FOLDER` loads
// none of them.

import Glibc
import Unix

/// What is in the way, as a sentence that says what stays in force.
package struct PlacementFault: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// One file that is replaced: `init`, `stage`, `place`, and `restore` where that was wrong.
package final class Placement {
    /// What the proxy runs in the file's place.
    package enum Running: Equatable, Sendable {
        case whatLiesThere
        /// The content with this SHA-256.
        case content(String)
        case unknown
    }

    /// The file itself, links resolved.
    package let path: String
    /// The name by which it was meant, where that is a symbolic link.
    package let link: String?
    /// What stood there at the start.
    package let before: FileState
    /// Where the new bytes are until they are placed.
    package let staged: String
    /// Where the old file is kept: never in the place of what is known to run.
    package let kept: String
    /// What was staged.
    package private(set) var after: FileState?

    private let folder: String
    private let spare: String
    private var isPlaced = false

    /// - Parameters:
    ///   - name: the file to replace.
    ///   - isElsewhere: it lies in another mount namespace, where links cannot be followed from here.
    package init(
        replacing name: String, isElsewhere: Bool = false, running: Running = .whatLiesThere
    ) throws(PlacementFault) {
        var info = stat()
        guard lstat(name, &info) == 0 else { throw PlacementFault("\(name): \(Errno.last)") }
        var path = name
        if info.st_mode & S_IFMT == S_IFLNK {
            if isElsewhere {
                throw PlacementFault("\(name) is a symbolic link in another mount namespace: name its target")
            }
            guard let resolved = realpath(name, nil) else { throw PlacementFault("\(name): \(Errno.last)") }
            defer { free(resolved) }
            path = String(cString: resolved)
        }
        link = path == name ? nil : name
        guard stat(path, &info) == 0 else { throw PlacementFault("\(path): \(Errno.last)") }
        guard info.st_mode & S_IFMT == S_IFREG else {
            throw PlacementFault("\(path) is no regular file: nothing was replaced")
        }
        let slash = path.lastIndex(of: "/")
        folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let base = slash.map { path[path.index(after: $0)...] } ?? path[...]
        self.path = path
        staged = "\(folder)/.\(base).reloadtop-new"
        spare = "\(folder)/.\(base).reloadtop-spare"
        do throws(Errno) {
            before = try FileState(of: path)
        } catch {
            throw PlacementFault("cannot read \(path): \(error)")
        }
        let names = Self.keptNames(of: path)
        let mayRun =
            switch running {
            case .whatLiesThere: false
            case .content(let hash):
                hash != before.hash && (try? FileState(of: names.previous))?.hash == hash
            case .unknown: true
            }
        kept = mayRun ? names.found : names.previous
    }

    deinit { discard() }

    /// Where the content before is kept, and where, while what runs is or may be there already. `path`: links resolved.
    static func keptNames(of path: String) -> (previous: String, found: String) {
        let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let hidden = "\(path[..<start]).\(path[start...])"
        return ("\(hidden).reloadtop-previous", "\(hidden).reloadtop-found")
    }

    /// Writes the new bytes beside the file, with its owner, mode and extended attributes, and syncs them.
    package func stage(_ bytes: [UInt8]) throws(PlacementFault) {
        // One that an interrupted run has left: whoever comes here holds the lock.
        unlink(staged)
        let old = open(path, O_RDONLY | O_CLOEXEC)
        if old < 0 { throw fault("cannot read \(path)", .last) }
        let source = Descriptor(owning: old)
        let raw = open(staged, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if raw < 0 { throw fault("cannot write beside \(path)", .last) }
        let file = Descriptor(owning: raw)
        do throws(Errno) {
            try File.writeAll(file.raw, bytes)
        } catch {
            unlink(staged)
            throw fault("cannot write beside \(path)", error)
        }
        do throws(FileMetadata.Loss) {
            try FileMetadata.copy(from: source.raw, to: file.raw)
        } catch {
            unlink(staged)
            throw fault("the \(error.what) of \(path) cannot be kept", error.error)
        }
        guard fsync(file.raw) == 0 else {
            let error = Errno.last
            unlink(staged)
            throw fault("cannot sync \(staged)", error)
        }
        do throws(Errno) {
            after = try FileState(of: staged)
        } catch {
            throw fault("cannot read \(staged)", error)
        }
    }

    /// Puts the staged bytes in the file's place, and the old file in the place of the one that was kept before.
    package func place() throws(PlacementFault) {
        guard let after else { throw PlacementFault("nothing is staged for \(path)") }
        // What is not renamed goes: between two names of one file nothing is.
        defer { unlink(spare) }
        do throws(Errno) { try spareOld() } catch { throw fault("cannot keep the old \(path)", error) }
        guard try state(of: staged).isSame(as: after) else {
            throw PlacementFault("\(staged) was changed by somebody else: \(path) stays as it is")
        }
        let now = try state(of: path)
        guard now.isSame(as: before) else {
            throw PlacementFault(
                "\(path) was changed by somebody else since it was read (it was \(before.hash.prefix(12)), is "
                    + "\(now.hash.prefix(12))): it stays as it is now")
        }
        if rename(spare, kept) != 0 { throw fault("cannot keep the old \(path)", .last) }
        if rename(staged, path) != 0 {
            let error = Errno.last
            unlink(kept)
            throw fault("cannot replace \(path)", error)
        }
        isPlaced = true
        do throws(Errno) {
            try syncFolder()
        } catch {
            throw PlacementFault("\(path) is replaced, but its folder cannot be synced: \(error)")
        }
    }

    /// Whether the new bytes have taken the file's place.
    package var hasPlaced: Bool { isPlaced }

    /// Puts the old file back, if what stands there is still what was placed. It has one name again: an editor that
    /// writes into one of two would change what is kept as well.
    package func restore() throws(PlacementFault) {
        guard isPlaced, let after else { return }
        guard try state(of: path).isSame(as: after) else {
            throw PlacementFault(
                "\(path) was changed by somebody else since it was placed: it stays as it is now, and what runs is "
                    + kept)
        }
        guard try state(of: kept).hash == before.hash else {
            throw PlacementFault("\(kept) is not what was kept: \(path) stays as it was placed")
        }
        if rename(kept, path) != 0 {
            throw PlacementFault("\(path) cannot be put back from \(kept): \(Errno.last)")
        }
        isPlaced = false
        do throws(Errno) {
            try syncFolder()
        } catch {
            throw PlacementFault("\(path) is put back, but its folder cannot be synced: \(error)")
        }
    }

    /// Takes away what was staged and not placed.
    package func discard() {
        if !isPlaced, after != nil { unlink(staged) }
        after = isPlaced ? after : nil
    }

    // MARK: Steps

    /// Gives the old file a second name, so that times and everything else stay; a copy where a file can have only one.
    private func spareOld() throws(Errno) {
        unlink(spare)
        if Glibc.link(path, spare) == 0 { return }
        let error = Errno.last
        guard [.notPermitted, .notSupported, .tooManyLinks, .noFunction].contains(error) else { throw error }
        let old = open(path, O_RDONLY | O_CLOEXEC)
        if old < 0 { throw .last }
        let from = Descriptor(owning: old)
        let raw = open(spare, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if raw < 0 { throw .last }
        let to = Descriptor(owning: raw)
        try File.writeAll(to.raw, try File.readAll(from.raw))
        do throws(FileMetadata.Loss) {
            try FileMetadata.copy(from: from.raw, to: to.raw)
        } catch {
            throw error.error
        }
        var info = stat()
        // A file that is older than a worker has not been changed since that read it.
        if fstat(from.raw, &info) == 0 {
            _ = [info.st_atim, info.st_mtim].withUnsafeBufferPointer { futimens(to.raw, $0.baseAddress) }
        }
        if fsync(to.raw) != 0 { throw .last }
    }

    private func syncFolder() throws(Errno) {
        let raw = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if raw < 0 { throw .last }
        let handle = Descriptor(owning: raw)
        if fsync(handle.raw) != 0 { throw .last }
    }

    private func state(of path: String) throws(PlacementFault) -> FileState {
        do throws(Errno) { return try FileState(of: path) } catch {
            throw fault("cannot read \(path)", error)
        }
    }

    private func fault(_ what: String, _ error: Errno) -> PlacementFault {
        let why =
            switch error {
            case .readOnlyFileSystem: "the file system is read-only"
            case .noSpace: "the file system is full"
            case .diskQuotaExceeded: "the quota is used up"
            case .improperLink, .resourceBusy: "it is a mount of its own: mount its folder instead"
            case .permissionDenied, .notPermitted: "no permission: run as root or as the owner of \(folder)"
            default: "\(error)"
            }
        return PlacementFault("\(what): \(why). The file stays as it is")
    }
}
