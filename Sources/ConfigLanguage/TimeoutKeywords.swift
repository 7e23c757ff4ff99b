// `timeout`: which field a name sets, and which side of a proxy has it.

enum TimeoutKeywords {
    /// In the order in which HAProxy lists them.
    private static let names = [
        "client", "server", "connect", "check", "queue", "http-keep-alive", "http-request", "tunnel",
        "tarpit", "client-handshake", "client-hs", "client-fin", "server-fin",
    ]
    private static let frontendOnly: Set<String> = ["client", "client-fin", "client-handshake", "client-hs"]
    private static let backendOnly: Set<String> = ["server", "server-fin", "connect", "check", "queue"]

    static func apply(
        _ phrase: Phrase, to draft: inout ProxyDraft, _ reader: ConfigurationReader
    ) throws(Fault) {
        let name = phrase[1]
        guard names.contains(name) else {
            let listed = names.dropLast().map { "'\($0)'" }.joined(separator: ", ")
            let near = NearestKeyword.to(name, among: names).map { "; did you mean '\($0)' maybe ?" } ?? ""
            throw phrase.fault(
                "'timeout' supports \(listed) and '\(names[names.count - 1])' (got '\(name)')\(near)", at: 1)
        }
        guard phrase.count > 2, !phrase[2].isEmpty else {
            throw phrase.fault("'timeout \(name)' expects an integer value (in milliseconds)", at: 2)
        }
        let time = try phrase.time(2, "in 'timeout \(name)'", warn: reader.warn)
        if phrase.count > 3 {
            throw phrase.fault(
                "'timeout \(name)' : unexpected extra argument '\(phrase[3])' after value '\(phrase[2])'.",
                at: 3)
        }
        let side =
            frontendOnly.contains(name) && !draft.hasFrontend
            ? "frontend" : backendOnly.contains(name) && !draft.hasBackend ? "backend" : nil
        if let side {
            reader.warn(
                phrase.fault(
                    "'timeout \(name)' will be ignored because \(draft.title) has no \(side) capability",
                    at: 1))
        }
        // Two words for one time.
        if !draft.ownTimeouts.insert(name == "client-hs" ? "client-handshake" : name).inserted {
            reader.warn(phrase.fault("overwriting 'timeout \(name)' which was already specified", at: 1))
        }
        set(name, time == .zero ? nil : time, in: &draft.proxy.settings.timeouts)
    }

    private static func set(_ name: String, _ time: Duration?, in timeouts: inout Timeouts) {
        switch name {
        case "client": timeouts.client = time
        case "server": timeouts.server = time
        case "connect": timeouts.connect = time
        case "check": timeouts.check = time
        case "queue": timeouts.queue = time
        case "http-keep-alive": timeouts.httpKeepAlive = time
        case "http-request": timeouts.httpRequest = time
        case "tunnel": timeouts.tunnel = time
        case "tarpit": timeouts.tarpit = time
        case "client-handshake", "client-hs": timeouts.clientHandshake = time
        case "client-fin": timeouts.clientFin = time
        default: timeouts.serverFin = time
        }
    }
}
