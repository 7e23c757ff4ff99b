// `show tls-keys` and `set ssl tls-key`. Where HAProxy prints a secret, a fingerprint of it stands here: enough to see
// that two processes have the same key, and of no use to anybody else.

import AdminSocket
import Proxying
import RuntimeAPI
import TLS

struct TicketKeyCommands {
    /// Nil: nothing speaks TLS.
    let tls: TLSMaterial?

    var table: [AdminCommand] {
        [
            AdminCommand(
                "show tls-keys [<id>|<file>|*]",
                help: "tell the files of ticket keys, or fingerprints of their keys"
            ) { show($0.arguments) },
            AdminCommand(
                "set ssl tls-key [<id>|<file>] <key>",
                help: "add the next ticket key; the one before it seals from now on", level: .admin
            ) { set(Array($0.arguments)) },
        ]
    }

    private var keys: [TicketKeys] { tls?.ticketKeys ?? [] }

    private func set(at place: Int) -> TicketKeySet {
        TicketKeySet(
            id: place, file: keys[place].file ?? "",
            keys: keys[place].digests.compactMap { TicketKeyFingerprint(digest: $0) })
    }

    private func show(_ words: ArraySlice<String>) -> AdminReply {
        guard let name = words.first else {
            return .text(TicketKeyTable(keys.indices.map { set(at: $0) }).list)
        }
        if name == "*" { return .text(TicketKeyTable(keys.indices.map { set(at: $0) }).text) }
        guard let place = place(of: name) else {
            return .text("'show tls-keys' unable to locate referenced filename\n")
        }
        return .text(TicketKeyTable([set(at: place)]).text)
    }

    private func set(_ words: [String]) -> AdminReply {
        guard words.count >= 2 else {
            return .text("'set ssl tls-key' expects a filename and the new TLS key in base64 encoding.\n")
        }
        guard let place = place(of: words[0]) else {
            return .text("'set ssl tls-key' unable to locate referenced filename\n")
        }
        do throws(TLSFault) {
            try keys[place].add(base64: words[1])
            return .text("TLS ticket key updated!\n")
        } catch {
            return .text("'set ssl tls-key' \(error.reason).\n")
        }
    }

    /// `#0` is a number, anything else a file.
    private func place(of name: String) -> Int? {
        guard name.hasPrefix("#") else { return keys.firstIndex { $0.file == name } }
        return Int(name.dropFirst()).flatMap { keys.indices.contains($0) ? $0 : nil }
    }
}
