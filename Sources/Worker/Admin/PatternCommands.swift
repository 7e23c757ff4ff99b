// `show`, `get`, `add`, `set`, `del` and `clear` for maps and ACLs.

import AdminSocket
import Proxying
import RuntimeAPI

struct PatternCommands {
    let core: ProxyCore

    /// Maps or ACLs, and what they are called.
    private enum Kind: String {
        case map, acl

        var name: String { self == .map ? "map" : "ACL" }
    }

    var table: [AdminCommand] {
        commands(.map) + commands(.acl)
    }

    private func commands(_ kind: Kind) -> [AdminCommand] {
        let word = kind.rawValue
        let value = kind == .map ? " <val>" : ""
        var commands = [
            AdminCommand("show \(word) [<\(word)>]", help: "tell the \(kind.name)s, or the entries of one") {
                show($0.arguments, kind)
            },
            AdminCommand("get \(word) <\(word)> <value>", help: "tell the entries of a key", level: .admin) {
                get($0.arguments, kind)
            },
            AdminCommand("add \(word) <\(word)> <key>\(value)", help: "add an entry", level: .admin) {
                add($0, kind)
            },
            AdminCommand("del \(word) <\(word)> [<key>|#<ref>]", help: "remove an entry", level: .admin) {
                delete($0.arguments, kind)
            },
            AdminCommand("clear \(word) <\(word)>", help: "remove all entries", level: .admin) { request in
                guard let name = request.arguments.first else {
                    return .text("Missing \(kind.name) identifier.\n")
                }
                return on(name, kind) {
                    $0.clear()
                    return .nothing
                }
            },
        ]
        if kind == .map {
            commands.append(
                AdminCommand(
                    "set map <map> [<key>|#<ref>] <val>", help: "change the value of an entry",
                    level: .admin
                ) { set($0.arguments) })
        }
        return commands
    }

    private func on(_ name: String, _ kind: Kind, _ act: (PatternReference) -> AdminReply) -> AdminReply {
        let found = core.patterns.references.first { reference in
            guard reference.isMap == (kind == .map) else { return false }
            return name.hasPrefix("#") ? Int(name.dropFirst()) == reference.id : reference.path == name
        }
        guard let found else {
            return .text("Unknown \(kind.name) identifier. Please use #<id> or <file>.\n")
        }
        return act(found)
    }

    // MARK: show, get

    private func show(_ words: ArraySlice<String>, _ kind: Kind) -> AdminReply {
        guard let name = words.first else {
            var text = "# id (file) description\n"
            for reference in core.patterns.references where reference.isMap == (kind == .map) {
                let users = reference.users.joined(separator: ", by ")
                let description =
                    reference.path.map { "pattern loaded from file '\($0)' used by \(users)" } ?? users
                text += "\(reference.id) (\(reference.path ?? "")) \(description). curr_ver=0 next_ver=0 "
                text += "entry_cnt=\(reference.entryCount)\n"
            }
            return .text(text)
        }
        return on(name, kind) { reference in
            var rest = reference.items[...]
            return .pieces {
                var text = ""
                while text.utf8.count < AdminReply.portion, let item = rest.popFirst() {
                    text += line(item, kind)
                }
                return text.isEmpty ? nil : Array(text.utf8)
            }
        }
    }

    private func line(_ item: PatternReference.Item, _ kind: Kind) -> String {
        let end = kind == .map ? " \(item.value)" : ""
        return "0x\(String(item.id, radix: 16)) \(item.pattern)\(end)\n"
    }

    private func get(_ words: ArraySlice<String>, _ kind: Kind) -> AdminReply {
        guard let name = words.first, let key = words.dropFirst().first else {
            return .text("This command expects two parameters: \(kind.name) identifier and key.\n")
        }
        return on(name, kind) { reference in
            let answers = reference.lookups(of: key)
            return .text(
                answers.map { answer in
                    let start =
                        "type=\(answer.match), case=\(answer.ignoresCase ? "insensitive" : "sensitive")"
                    guard let item = answer.item else {
                        return start + (kind == .map ? ", found=no\n" : ", match=no\n")
                    }
                    guard kind == .map else {
                        return start + ", match=yes, idx=tree, pattern=\"\(item.pattern)\"\n"
                    }
                    return start
                        + ", found=yes, idx=tree, key=\"\(item.pattern)\", value=\"\(item.value)\", type=\"str\"\n"
                }.joined())
        }
    }

    // MARK: Changes

    private func add(_ request: AdminRequest, _ kind: Kind) -> AdminReply {
        let words = Array(request.arguments)
        if let payload = request.payload, words.count == 1 {
            return on(words[0], kind) { addAll(payload, to: $0, kind) }
        }
        let expected = kind == .map ? 3 : 2
        guard words.count >= expected else {
            return .text(
                kind == .map
                    ? "'add map' expects three parameters (map identifier, key and value) or one parameter (map "
                        + "identifier) and a payload\n"
                    : "'add acl' expects two parameters: ACL identifier and pattern.\n")
        }
        return on(words[0], kind) { reference in
            if let fault = reference.insert(words[1], kind == .map ? words[2] : "") {
                return .text("\(fault)\n")
            }
            return .nothing
        }
    }

    /// A line for each entry; those before a wrong one stay, as in HAProxy.
    private func addAll(_ payload: String, to reference: PatternReference, _ kind: Kind) -> AdminReply {
        for line in payload.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            guard let key = words.first else { continue }
            let value = kind == .map ? words.dropFirst().first.map(String.init) : ""
            guard let value else { return .text("Missing value for key '\(key)'.\n") }
            if let fault = reference.insert(String(kind == .map ? key : line[...]), value) {
                return .text("\(fault)\n")
            }
        }
        return .nothing
    }

    private func set(_ words: ArraySlice<String>) -> AdminReply {
        let words = Array(words)
        guard words.count >= 3 else {
            return .text("'set map' expects three parameters: map identifier, key and value.\n")
        }
        return on(words[0], .map) { reference in
            switch reference.set(words[1], id: Self.itemNumber(words[1]), to: words[2]) {
            case .failure(let fault): return .text("\(fault.text)\n")
            case .success(let isFound): return isFound ? .nothing : .text("entry not found.\n")
            }
        }
    }

    private func delete(_ words: ArraySlice<String>, _ kind: Kind) -> AdminReply {
        guard let name = words.first, let key = words.dropFirst().first else {
            return .text("This command expects two parameters: \(kind.name) identifier and key.\n")
        }
        return on(name, kind) { reference in
            reference.remove(key, id: Self.itemNumber(key)) ? .nothing : .text("Key not found.\n")
        }
    }

    /// `#0x1f` names an entry by its number.
    private static func itemNumber(_ word: String) -> Int? {
        guard word.hasPrefix("#0x") else { return nil }
        return Int(word.dropFirst(3), radix: 16)
    }
}
