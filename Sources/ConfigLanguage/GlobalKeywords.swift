// The `global` section.

enum GlobalKeywords {
    static let table = KeywordTable<Global>(
        process + limits + identity + places + environment + GlobalTLSKeywords.table,
        ineffective: ForeignKeywords.ineffectiveGlobal, foreign: ForeignKeywords.global)

    private static let process: [Keyword<Global>] = [
        Keyword("master-worker", 0...1) { (phrase, global, _) throws(Fault) in
            guard phrase.count == 1 || phrase[1] == "no-exit-on-failure" else {
                throw phrase.fault(
                    "'master-worker' only supports 'no-exit-on-failure' option, found '\(phrase[1])'.", at: 1)
            }
            global.masterWorker = true
            if phrase.count == 2 { global.exitOnFailure = false }
        },
        Keyword("noreuseport", 0...0) { (_, global, _) throws(Fault) in global.sharesPorts = false },
        Keyword("daemon", 0...0) { (_, global, _) throws(Fault) in global.daemon = true },
        Keyword("zero-warning", 0...0) { (_, _, reader) throws(Fault) in reader.zeroWarning = true },
        Keyword("nbthread", expects: "an integer argument") { (phrase, _, reader) throws(Fault) in
            guard let number = Int(phrase[1]), (1...4096).contains(number) else {
                throw phrase.fault(
                    "'nbthread' value must be between 1 and 4096 (was \(phrase[1]))", at: 1)
            }
            warnOfOneThread(phrase, number, reader)
        },
        Keyword("nbproc", expects: "an integer argument") { (phrase, _, reader) throws(Fault) in
            warnOfOneThread(phrase, try phrase.integer(1, in: 1...4096), reader)
        },
        Keyword("pidfile", expects: "a file name as an argument") { (phrase, global, _) throws(Fault) in
            global.pidFile = phrase[1]
        },
        Keyword("hard-stop-after", expects: "<time> as argument") { (phrase, global, reader) throws(Fault) in
            let time = try phrase.time(1, "in argument to <hard-stop-after>", warn: reader.warn)
            // As for HAProxy, which cuts nobody then.
            global.hardStopAfter = time == .zero ? nil : time
        },
        Keyword("tune.reload.ready-timeout", expects: "<time> as argument") {
            (phrase, global, reader) throws(Fault) in
            let time = try phrase.time(1, "in argument to <tune.reload.ready-timeout>", warn: reader.warn)
            guard time > .zero else {
                throw phrase.fault("'tune.reload.ready-timeout' has to be > 0, found '\(phrase[1])'.", at: 1)
            }
            global.readyTimeout = time
        },
        Keyword("tune.reload.migrate", expects: "'off', 'idle' or 'tunnels' as argument") {
            (phrase, global, _) throws(Fault) in
            guard let migration = Migration(rawValue: phrase[1]) else {
                throw phrase.fault(
                    "'tune.reload.migrate' only supports 'off', 'idle' and 'tunnels', found '\(phrase[1])'.",
                    at: 1)
            }
            global.migration = migration
        },
        Keyword("tune.reload.migrate-after", expects: "<time> as argument") {
            (phrase, global, reader) throws(Fault) in
            global.migrateAfter = try phrase.time(
                1, "in argument to <tune.reload.migrate-after>", warn: reader.warn)
        },
        Keyword("mworker-max-reloads", expects: "an integer argument") { (phrase, global, _) throws(Fault) in
            global.maxReloads = try phrase.integer(1)
        },
    ]

    private static func warnOfOneThread(_ phrase: Phrase, _ number: Int, _ reader: ConfigurationReader) {
        guard number > 1 else { return }
        let what = phrase.keyword == "nbthread" ? "threads" : "processes"
        reader.warn(
            phrase.fault(
                "'\(phrase.keyword) \(number)' : mwproxy serves with one thread a worker, not with "
                    + "\(number) \(what).", at: 1))
    }

    private static let limits: [Keyword<Global>] = [
        Keyword("maxconn", expects: "an integer argument") { (phrase, global, _) throws(Fault) in
            let number = try phrase.integer(1)
            global.maxconn = number == 0 ? nil : number
        },
        Keyword("ulimit-n", expects: "an integer argument") { (phrase, global, _) throws(Fault) in
            let number = try phrase.integer(1)
            global.ulimitN = number == 0 ? nil : number
        },
    ]

    private static let identity: [Keyword<Global>] = [
        Keyword("user", expects: "a user name as an argument") { (phrase, global, reader) throws(Fault) in
            global.user = phrase[1]
            global.uid = try reader.userID(phrase, at: 1)
        },
        Keyword("group", expects: "a group name as an argument") { (phrase, global, reader) throws(Fault) in
            global.group = phrase[1]
            global.gid = try reader.groupID(phrase, at: 1)
        },
        Keyword("uid", expects: "a user's number as an argument") { (phrase, global, _) throws(Fault) in
            global.uid = UInt32(try phrase.integer(1))
        },
        Keyword("gid", expects: "a group's number as an argument") { (phrase, global, _) throws(Fault) in
            global.gid = UInt32(try phrase.integer(1))
        },
        Keyword("node", 1...1, expects: "a node name as an argument") { (phrase, global, _) throws(Fault) in
            guard phrase[1].utf8.allSatisfy(ConfigurationReader.isNameByte) else {
                throw Fault(
                    "'node' requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), "
                        + "dot(.), hyphen(-) or underscode(_).", word: phrase.words[1], lead: .tight)
            }
            global.node = phrase[1]
        },
        Keyword("description", .atLeast(1), expects: "a string argument") {
            (phrase, global, _) throws(Fault) in
            global.nodeDescription = phrase.rest(from: 1)
        },
        Keyword("server-state-file", expects: "one parameter: a file path") {
            (phrase, global, _) throws(Fault) in
            global.serverStateFile = phrase[1]
        },
        Keyword("server-state-base", expects: "one parameter: a directory path") {
            (phrase, global, _) throws(Fault) in
            global.serverStateBase = phrase[1]
        },
        Keyword("localpeer", expects: "a name as an argument") { (phrase, global, reader) throws(Fault) in
            global.localPeer = phrase[1]
            reader.environment["HAPROXY_LOCALPEER"] = phrase[1]
        },
        Keyword("log", .atLeast(0), canBeNegated: true) { (phrase, global, reader) throws(Fault) in
            if try LogLine.clears(phrase) {
                global.logs = []
            } else {
                global.logs.append(try LogLine.target(phrase, reader, orGlobal: false))
            }
        },
        Keyword("log-tag", expects: "a tag for use in syslog") { (phrase, global, _) throws(Fault) in
            global.logTag = phrase[1]
        },
        Keyword("log-send-hostname", 0...1) { (phrase, global, reader) throws(Fault) in
            global.logSendHostname = phrase.count == 2 ? phrase[1] : reader.surroundings.hostName
        },
    ]

    private static let places: [Keyword<Global>] = [
        Keyword("chroot", expects: "a directory as an argument") { (phrase, global, _) throws(Fault) in
            global.chroot = phrase[1]
        },
        Keyword("ca-base", expects: "a directory path as an argument") { (phrase, global, _) throws(Fault) in
            global.caBase = phrase[1]
        },
        Keyword("crt-base", expects: "a directory path as an argument") { (phrase, global, _) throws(Fault) in
            global.crtBase = phrase[1]
        },
        Keyword("stats", .atLeast(0)) { (phrase, global, reader) throws(Fault) in
            try stats(phrase, &global, reader)
        },
    ]

    private static func stats(
        _ phrase: Phrase, _ global: inout Global, _ reader: ConfigurationReader
    ) throws(Fault) {
        switch phrase[1] {
        case "socket":
            guard phrase.count > 2, !phrase[2].isEmpty else {
                throw phrase.fault(
                    "'stats socket' in global section expects an address or a path to a UNIX socket", at: 2)
            }
            do {
                global.statsSockets.append(try BindKeywords.statsSocket(phrase, reader))
            } catch {
                throw error.within("'stats socket'")
            }
        case "timeout":
            guard phrase.count <= 3 else {
                throw phrase.fault("'stats timeout' cannot handle unexpected argument '\(phrase[3])'.", at: 3)
            }
            let time: Duration
            do {
                time = try phrase.time(2, "in 'stats timeout'", warn: reader.warn)
            } catch {
                throw error.within("'stats timeout'")
            }
            guard time > .zero else {
                throw phrase.fault("'stats timeout' expects a positive value", at: 2)
            }
            global.statsTimeout = time
        case "maxconn", "bind-process":
            reader.warnIneffective(phrase.words[1])
        default:
            throw phrase.fault(
                "'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout' (got '\(phrase[1])')",
                at: 1)
        }
    }

    private static let environment: [Keyword<Global>] = [
        Keyword("setenv", 2...2, expects: "a name and a value") { (phrase, _, reader) throws(Fault) in
            reader.environment[phrase[1]] = phrase[2]
        },
        Keyword("presetenv", 2...2, expects: "a name and a value") { (phrase, _, reader) throws(Fault) in
            reader.environment[phrase[1]] = reader.environment[phrase[1]] ?? phrase[2]
        },
        Keyword("unsetenv", .atLeast(1), expects: "at least one variable name") {
            (phrase, _, reader) throws(Fault) in
            for word in phrase.arguments { reader.environment[word.text] = nil }
        },
        Keyword("resetenv", .atLeast(0)) { (phrase, _, reader) throws(Fault) in
            let kept = Set(phrase.arguments.map(\.text))
            reader.environment = reader.environment.filter { kept.contains($0.key) }
        },
    ]
}
