// The arguments of `show stat`: which rows, in which form.

package struct StatRequest: Equatable, Sendable {
    package enum Form: Equatable, Sendable { case csv, typed, json }

    /// A proxy's number or name; nil: all.
    package var proxy: String?
    /// Bits of 1 frontends, 2 backends, 4 servers, 8 listeners; -1: all.
    package var types = -1
    /// A server's number; -1: all.
    package var serverID = -1
    package var form = Form.csv
    package var describes = false
    /// `up`: without what is down; `no-maint`: without servers in maintenance.
    package var hidesDown = false
    package var hidesMaintenance = false

    /// Reads the words after `show stat`. As in HAProxy, the selection counts when it has all three words, and
    /// words that mean nothing are passed over.
    package init(arguments: some Collection<String>) {
        var words = Array(arguments)[...]
        if words.count >= 3, let types = Int(words[1]), let serverID = Int(words[2]) {
            proxy = words[0] == "-1" ? nil : words[0]
            self.types = types
            self.serverID = serverID
            words = words.dropFirst(3)
        }
        for word in words {
            switch word {
            case "typed": form = .typed
            case "json": form = .json
            case "desc": describes = true
            case "up": hidesDown = true
            case "no-maint": hidesMaintenance = true
            default: continue
            }
        }
    }

    /// Whether the selection takes rows of this kind and number.
    package func selects(_ object: StatObject, serverID number: Int) -> Bool {
        types & object.bit != 0 && (serverID < 0 || object != .server || serverID == number)
    }

    /// Whether the selection takes this proxy.
    package func selects(proxy name: String, id: Int) -> Bool {
        guard let proxy else { return true }
        return Int(proxy) == id || proxy == name
    }

    /// Whether the state of a backend comes with its numbers of servers, as HAProxy does for `up` and `no-maint`.
    package var countsServers: Bool { hidesDown || hidesMaintenance }
}
