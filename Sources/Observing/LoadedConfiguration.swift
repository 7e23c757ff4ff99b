// What a worker was loaded from: the files as they were then. Only hard-stop-after and the admin sockets are kept;
// nothing else here needs the language.

import Glibc
import ReloadModel
import Unix

/// The files that a master was told to read.
package struct LoadedConfiguration {
    /// Microseconds that a process may be younger than it seems: /proc counts its start in ticks. It reads its files
    /// later still.
    private static let tick: Int64 = 10_000

    private let proc: ProcTree
    private let master: Int32
    private static let longestFile = 16 << 20

    package init(_ proc: ProcTree, master: Int32) {
        self.proc = proc
        self.master = master
    }

    /// hard-stop-after as the files say it now. `notAfter`: microseconds since 1970; a file that was changed later
    /// makes the answer unknown.
    package func hardStopAfter(notAfter: Int64? = nil) -> Known<HardStopAfter> {
        switch texts(notAfter: notAfter) {
        case .known(let texts): HardStopAfter.find(in: texts)
        case .unknown(let why): .unknown(why)
        }
    }

    /// The timeouts as the files say them now; `notAfter` as above.
    package func timeouts(notAfter: Int64? = nil) -> Known<LoadedTimeouts> {
        texts(notAfter: notAfter).map { LoadedTimeouts.find(in: $0) }
    }

    /// The binds that speak TLS, as the files say them now; `notAfter` as above.
    package func ticketBinds(notAfter: Int64? = nil) -> Known<TicketBinds> {
        texts(notAfter: notAfter).map { TicketBinds.find(in: $0) }
    }

    /// The paths of every `stats socket`, as unix_diag names them: for a worker that cannot be asked for them.
    func adminPaths() -> Set<String> {
        let folder = proc.link(master, "cwd").value
        let lines = (texts().value ?? []).flatMap { $0.split(whereSeparator: \.isNewline) }
        let paths = lines.compactMap { line -> String? in
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count > 2, words[0] == "stats", words[1] == "socket" else { return nil }
            return switch AdminAddress.parse(String(words[2]), relativeTo: folder) {
            case .unix(let path): path
            case .abstract(let name): "@" + name
            default: nil
            }
        }
        return Set(paths)
    }

    private func texts(notAfter: Int64? = nil) -> Known<[String]> {
        files(notAfter: notAfter).map { files in files.map { String(decoding: $0.bytes, as: UTF8.self) } }
    }

    /// The files of `-f` as they are now, in the order in which they are loaded, under the names that the proxy gives
    /// them. `notAfter`: microseconds since 1970; a file that was changed later makes the answer unknown.
    package func files(notAfter: Int64? = nil) -> Known<[ConfigurationFile]> {
        switch entries() {
        case .unknown(let why): return .unknown(why)
        case .known(let entries):
            var found: [ConfigurationFile] = []
            for entry in entries {
                do throws(Errno) {
                    let changed = try changeTime(entry.place)
                    if let notAfter, changed > notAfter + Self.tick {
                        return .unknown(
                            Unknown(
                                "\(entry.name) has changed since this worker read it, before reloadtop watched"
                            ))
                    }
                    let bytes = try File.read(entry.place, limit: Self.longestFile)
                    found.append(ConfigurationFile(path: entry.name, bytes: bytes, modifiedAt: changed))
                } catch {
                    return .unknown(unreadable(entry.name, error))
                }
            }
            return .known(found)
        }
    }

    /// The files whose content was changed later than `moment`, microseconds since 1970.
    package func names(changedAfter moment: Int64) -> [String] {
        (entries().value ?? []).filter { entry in
            (try? changeTime(entry.place)).map { $0 > moment + Self.tick } ?? false
        }.map(\.name)
    }

    /// Which files `-f` names now, in the order in which they are loaded.
    package func entries() -> Known<[LoadedFile]> {
        let line = ProxyCommandLine(proc.arguments(master))
        guard !line.configuration.isEmpty else {
            return .unknown(Unknown("no -f on the command line of master \(master)"))
        }
        var found: [LoadedFile] = []
        for word in line.configuration {
            switch path(of: word, in: line.folder) {
            case .unknown(let why): return .unknown(why)
            case .known(let path):
                do throws(Errno) {
                    found += try places(word, at: path).map {
                        LoadedFile(word: word, name: $0.name, place: $0.place)
                    }
                } catch {
                    return .unknown(unreadable(word, error))
                }
            }
        }
        return .known(found)
    }

    private func unreadable(_ name: String, _ error: Errno) -> Unknown {
        let isMissing = error == .noSuchFileOrDirectory && proc.stat(master) != nil
        return isMissing
            ? Unknown("the configuration \(name) is not there")
            : proc.denied("the configuration \(name)", error)
    }

    /// The master's command line can be read: for a moment at its execution it cannot.
    var isReadable: Bool { !proc.arguments(master).isEmpty }

    /// What tells a changed file without reading it: name, inode, size and times of each; nil where one cannot be seen.
    package func marks() -> [FileMark]? {
        let line = ProxyCommandLine(proc.arguments(master))
        var marks: [FileMark] = []
        for word in line.configuration {
            guard let path = path(of: word, in: line.folder).value, let places = try? places(word, at: path)
            else { return nil }
            for (name, place) in places {
                guard let mark = FileMark(name, at: place) else { return nil }
                marks.append(mark)
            }
        }
        return marks
    }

    /// A file's place as the master sees it, reached from here.
    package func path(of word: String, in folder: String?) -> Known<String> {
        let root = proc.path(master, "root")
        // In another mount namespace, or below another root, there may be another file of the same name.
        func reachable(_ path: String) -> String {
            var (own, theirs) = (stat(), stat())
            guard stat(root + path, &theirs) == 0 else { return path }
            let isSame = stat(path, &own) == 0 && own.st_dev == theirs.st_dev && own.st_ino == theirs.st_ino
            return isSame ? path : root + path
        }
        if word.hasPrefix("/") { return .known(reachable(word)) }
        if let folder, folder.hasPrefix("/") { return .known(reachable("\(folder)/\(word)")) }
        return proc.link(master, "cwd").map { reachable("\($0)/\(word)") }
    }

    /// A file, or the files ending in `.cfg` of a folder: their names and where they are reached.
    private func places(_ word: String, at path: String) throws(Errno) -> [(name: String, place: String)] {
        var info = stat()
        guard stat(path, &info) == 0 else { throw .last }
        guard info.st_mode & S_IFMT == S_IFDIR else { return [(word, path)] }
        let folder = word.hasSuffix("/") ? String(word.dropLast()) : word
        return try File.names(in: path).filter { $0.hasSuffix(".cfg") && !$0.hasPrefix(".") }
            .map { ("\(folder)/\($0)", "\(path)/\($0)") }
    }

    private func changeTime(_ path: String) throws(Errno) -> Int64 {
        var info = stat()
        guard stat(path, &info) == 0 else { throw .last }
        return info.st_mtim.microseconds
    }
}

/// One file that a master loads.
package struct LoadedFile: Equatable, Sendable {
    /// The word behind `-f`: the file, or the folder that it lies in.
    package var word: String
    /// The name that the proxy gives it.
    package var name: String
    /// Where it is reached from here.
    package var place: String

    package init(word: String, name: String, place: String) {
        self.word = word
        self.name = name
        self.place = place
    }
}

/// What tells one state of a file from another.
package struct FileMark: Equatable, Sendable {
    package var name: String
    package var inode: UInt64
    package var size: Int64
    /// Nanoseconds since 1970 of the last change of content and of the last change of anything.
    package var modified: Int64
    package var changed: Int64

    init?(_ name: String, at path: String) {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        self.name = name
        inode = UInt64(info.st_ino)
        size = Int64(info.st_size)
        modified = info.st_mtim.nanoseconds
        changed = info.st_ctim.nanoseconds
    }
}
