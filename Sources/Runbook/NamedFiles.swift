// The files that a configuration names: certificates, maps, lists, error files, scripts. A reload reads them anew, and
// nobody puts them back when it fails: they are listed, and what cannot be listed is said.

import ConfigLanguage
import Glibc
import Observing
import ReloadModel
import Unix

package struct NamedFiles: Equatable, Sendable {
    /// Each once, in the order of the text, with their base folders; a folder whose files are all read ends in `/`.
    package fileprivate(set) var files: [String] = []
    /// What they could not be told of, a sentence each.
    package fileprivate(set) var unresolved: [String] = []

    fileprivate init() {}

    /// - Parameters:
    ///   - environment: a variable of the process that loads them; nil: it is not set.
    ///   - isFolder: whether a folder lies at a name, as the master sees it.
    ///   - lines: those of the list at a name.
    init(
        in files: [ConfigurationFile], environment: @escaping (String) -> String? = { _ in nil },
        isFolder: @escaping (String) -> Bool = { _ in false },
        lines: @escaping (String) -> Known<[Substring]> = { _ in .known([]) }
    ) {
        self = NamedFilesReader(files, environment, isFolder: isFolder, lines: lines).found
    }
}

/// Goes through the lines of a configuration.
private struct NamedFilesReader {
    /// What is a file behind a keyword of `bind`, `server` and the like: the base that a relative one is found in.
    private static let ofEndpoints: [String: Base] = [
        "crt": .certificates, "ca-file": .authorities, "ca-verify-file": .authorities,
        "crl-file": .authorities, "ca-sign-file": .none, "crt-list": .none, "tls-ticket-keys": .none,
    ]
    private static let endpoints: Set<String> = [
        "bind", "server", "default-server", "server-template", "peer",
    ]
    /// Lines whose second word is a file.
    private static let ofLines: [String: Base] = [
        "lua-load": .none, "lua-load-per-thread": .none, "server-state-file": .states,
        "server-state-file-name": .states, "ssl-dh-param-file": .none, "h1-case-adjust-file": .none,
        "51degrees-data-file": .none, "deviceatlas-json-file": .none, "wurfl-data-file": .none,
        "issuers-chain-path": .none, "httpclient.ssl.ca-file": .none,
    ]
    /// Of a `load` in a `crt-store`.
    private static let ofStore = ["crt", "key", "ocsp", "issuer", "sctl"]
    /// Rules that give an answer from a file.
    private static let answers: Set<String> = ["return", "deny", "tarpit"]

    private enum Base { case none, certificates, authorities, states }

    var found = NamedFiles()
    private let outline: ConfigurationOutline
    private let isFolder: (String) -> Bool
    private let lines: (String) -> Known<[Substring]>

    init(
        _ files: [ConfigurationFile], _ environment: @escaping (String) -> String?,
        isFolder: @escaping (String) -> Bool, lines: @escaping (String) -> Known<[Substring]>
    ) {
        self.isFolder = isFolder
        self.lines = lines
        let named = files.map { ($0.path, $0.bytes) }
        var variables: [String: String] = [:]
        // What `setenv` gives holds for the lines behind it.
        for line in ConfigurationOutline(named, environment: environment).global where line.words.count > 2 {
            if line.keyword == "setenv" { variables[line.words[1]] = line.words[2] }
            if line.keyword == "presetenv", environment(line.words[1]) == nil {
                variables[line.words[1]] = line.words[2]
            }
        }
        outline = ConfigurationOutline(named) { name in
            // The proxy sets these itself; any other that is not set is empty.
            variables[name] ?? environment(name)
                ?? (name.hasPrefix("HAPROXY_") || name.hasPrefix(".") ? "${\(name)}" : nil)
        }
        for section in outline.sections {
            for line in section.lines { read(line, in: section) }
        }
        if let line = outline.global("default-path"), line.value(of: "default-path") != "current" {
            found.unresolved.append(
                "relative names begin where '\(line.words.joined(separator: " "))' says (\(line.place))")
        }
        found.unresolved += outline.problems.map { "a line that cannot be read: \($0)" }
    }

    // MARK: Lines

    private mutating func read(_ line: ConfigurationOutline.Line, in section: ConfigurationOutline.Section) {
        let words = line.words
        func after(_ index: Int) -> String? { index + 1 < words.count ? words[index + 1] : nil }
        if let base = Self.ofLines[line.keyword], let name = after(0) { add(name, base, line) }
        if line.keyword == "errorfile", let name = after(1) { add(name, .none, line) }
        if line.keyword == "filter", words.contains("spoe"), let name = line.value(of: "config") {
            add(name, .none, line)
        }
        if section.kind == "crt-store", line.keyword == "load" {
            for word in Self.ofStore {
                if let name = line.value(of: word) { addStored(name, word, section, line) }
            }
        }
        let answers = words.count > 1 && Self.answers.contains(words[1]) || line.keyword == "http-error"
        for (index, word) in words.enumerated() {
            if Self.endpoints.contains(line.keyword), let base = Self.ofEndpoints[word],
                let name = after(index)
            {
                add(name, base, line)
                if word == "crt-list" { addList(name, line) }
            }
            if word == "-f", let name = after(index) { add(name, .none, line) }
            if answers, ["file", "lf-file", "errorfile"].contains(word), let name = after(index) {
                add(name, .none, line)
            }
            for name in Self.arguments(in: word) { add(name, .none, line) }
        }
    }

    /// `map_beg(/etc/haproxy/hosts.map,default)` and `jwt_verify(txn.alg,/key.pem)` name files.
    private static func arguments(in word: String) -> [String] {
        word.indices.filter { word[$0] == "(" }.compactMap { open in
            let letters = word[..<open].reversed().prefix { $0.isLetter || $0 == "_" }
            let name = String(letters.reversed())
            let inside = word[word.index(after: open)...].prefix { $0 != ")" }.split(separator: ",")
            if name == "map" || name.hasPrefix("map_") { return inside.first.map(String.init) }
            guard name == "jwt_verify", inside.count > 1, inside[1].hasPrefix("/") else { return nil }
            return String(inside[1])
        }
    }

    // MARK: Names

    private mutating func addStored(
        _ name: String, _ word: String, _ section: ConfigurationOutline.Section,
        _ line: ConfigurationOutline.Line
    ) {
        let keyword = word == "key" ? "key-base" : "crt-base"
        let base = section.lines.last { $0.keyword == keyword }.flatMap { $0.value(of: keyword) }
        if let base, !name.hasPrefix("/") { return add("\(base)/\(name)", .none, line) }
        add(name, word == "key" ? .none : .certificates, line)
    }

    /// The certificates that the lines of a list name, and the files of the settings in brackets behind them.
    private mutating func addList(_ name: String, _ line: ConfigurationOutline.Line) {
        guard !name.contains("${") else { return }
        switch lines(name) {
        case .known(let lines):
            for text in lines {
                let words = text.split { $0.isWhitespace || $0 == "[" || $0 == "]" }.map(String.init)
                guard let first = words.first, !first.hasPrefix("#") else { continue }
                add(first, .certificates, line)
                for (word, name) in zip(words.dropFirst(), words.dropFirst(2)) {
                    if let base = Self.ofEndpoints[word] { add(name, base, line) }
                }
            }
        case .unknown(let why): found.unresolved.append("what \(name) names (\(line.place)): \(why.reason)")
        }
    }

    private mutating func add(_ word: String, _ base: Base, _ line: ConfigurationOutline.Line) {
        var name = word
        // HAProxy 2.9's kinds of names: `virt@` is none of a file.
        for kind in ["opt@", "file@"] where name.hasPrefix(kind) { name = String(name.dropFirst(kind.count)) }
        guard !name.isEmpty, !name.hasPrefix("@"), !name.hasPrefix("virt@") else { return }
        guard !name.contains("${") else {
            let sentence = "\(name) (\(line.place)): the proxy sets that variable itself"
            if !found.unresolved.contains(sentence) { found.unresolved.append(sentence) }
            return
        }
        if let folder = self.folder(base), !name.hasPrefix("/") { name = "\(folder)/\(name)" }
        if base != .none, !name.hasSuffix("/"), isFolder(name) { name += "/" }
        if line.isConditional {
            let sentence = "\(name) (\(line.place)): whether its .if holds"
            if !found.unresolved.contains(sentence) { found.unresolved.append(sentence) }
        }
        if !found.files.contains(name) { found.files.append(name) }
    }

    private func folder(_ base: Base) -> String? {
        let keyword =
            switch base {
            case .none: ""
            case .certificates: "crt-base"
            case .authorities: "ca-base"
            case .states: "server-state-base"
            }
        return outline.global(keyword)?.value(of: keyword)
    }
}

extension NamedFiles {
    private static let longestList = 1 << 20

    /// As the master sees them.
    init(in files: [ConfigurationFile], loadedBy master: Int32, _ proc: ProcTree) {
        let loaded = LoadedConfiguration(proc, master: master)
        let folder = ProxyCommandLine(proc.arguments(master)).folder
        let environment = proc.environment(master)
        let entries = environment.value ?? []
        self.init(
            in: files,
            environment: { name in
                if environment.value == nil { return "${\(name)}" }
                return entries.first { $0.hasPrefix(name + "=") }.map {
                    String($0.dropFirst(name.utf8.count + 1))
                }
            },
            isFolder: { name in
                loaded.path(of: name, in: folder).value.map { FileKind($0) == .directory } ?? false
            },
            lines: { name in
                switch loaded.path(of: name, in: folder) {
                case .unknown(let why): return .unknown(why)
                case .known(let path):
                    do throws(Errno) {
                        let text = try File.readText(path, limit: Self.longestList)
                        return .known(text.split(whereSeparator: \.isNewline))
                    } catch {
                        return .unknown(Unknown("\(error)"))
                    }
                }
            })
    }

    /// Those that were changed or put there after a moment (microseconds since 1970), of the first `most`. By the time
    /// of the last change of anything: what is moved or copied into its place may keep an old time of its content. Of a
    /// folder, what lies in it counts as well.
    func changed(since moment: Int64, loadedBy master: Int32, _ proc: ProcTree, most: Int = 500) -> [String] {
        let loaded = LoadedConfiguration(proc, master: master)
        let folder = ProxyCommandLine(proc.arguments(master)).folder
        return files.prefix(most).filter { name in
            guard let path = loaded.path(of: name, in: folder).value else { return false }
            let inside = name.hasSuffix("/") ? (try? File.names(in: path)) ?? [] : []
            return ([path] + inside.prefix(most).map { "\(path)/\($0)" }).contains { place in
                var info = stat()
                return stat(place, &info) == 0 && info.st_ctim.microseconds > moment
            }
        }
    }
}
