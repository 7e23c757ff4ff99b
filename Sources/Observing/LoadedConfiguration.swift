// What a worker was loaded from: the files as they were then. Only hard-stop-after and the admin sockets are kept;
// nothing else here needs the language.

import Glibc
import ReloadModel
import Unix

package struct LoadedConfiguration {
    private let proc: ProcTree
    private let master: Int32

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
        let arguments = proc.arguments(master)
        let line = ProxyCommandLine(arguments)
        guard !line.configuration.isEmpty else {
            return .unknown(Unknown("no -f on the command line of master \(master)"))
        }
        var texts: [String] = []
        for word in line.configuration {
            switch path(of: word, in: line.folder) {
            case .unknown(let why): return .unknown(why)
            case .known(let path):
                do throws(Errno) {
                    for file in try files(at: path) {
                        if let notAfter, let changed = changeTime(file), changed > notAfter {
                            return .unknown(
                                Unknown(
                                    "\(word) has changed since this worker read it, before reloadtop watched")
                            )
                        }
                        texts.append(try File.readText(file, limit: 16 << 20))
                    }
                } catch {
                    return .unknown(proc.denied("the configuration \(word)", error))
                }
            }
        }
        return .known(texts)
    }

    /// A file's place as the master sees it, reached from here.
    package func path(of word: String, in folder: String?) -> Known<String> {
        let root = proc.path(master, "root")
        func reachable(_ path: String) -> String {
            access(path, F_OK) != 0 && access(root + path, F_OK) == 0 ? root + path : path
        }
        if word.hasPrefix("/") { return .known(reachable(word)) }
        if let folder, folder.hasPrefix("/") { return .known(reachable("\(folder)/\(word)")) }
        return proc.link(master, "cwd").map { reachable("\($0)/\(word)") }
    }

    /// A file, or the files ending in `.cfg` of a folder.
    private func files(at path: String) throws(Errno) -> [String] {
        var info = stat()
        guard stat(path, &info) == 0 else { throw .last }
        guard info.st_mode & S_IFMT == S_IFDIR else { return [path] }
        return try File.names(in: path).filter { $0.hasSuffix(".cfg") && !$0.hasPrefix(".") }
            .map { "\(path)/\($0)" }
    }

    private func changeTime(_ path: String) -> Int64? {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        return Int64(info.st_mtim.tv_sec) * 1_000_000 + Int64(info.st_mtim.tv_nsec) / 1000
    }
}
