// HAProxy does not tell who sent it the signal. What the kernel told of programs that started just before the master
// executed itself makes one of them likely.

/// A program that was seen to start, read at that moment.
package struct ProgramStart: Equatable, Sendable {
    package var pid: Int32
    /// Microseconds since 1970.
    package var at: Int64
    /// From the outermost ancestor to the process itself.
    package var chain: [ProcessLink]
    /// Its words, joined by blanks.
    package var command: String
    package var uid: UInt32?
    package var user: String?
    package var terminal: String?

    package init(
        pid: Int32, at: Int64, chain: [ProcessLink], command: String, uid: UInt32? = nil,
        user: String? = nil, terminal: String? = nil
    ) {
        self.pid = pid
        self.at = at
        self.chain = chain
        self.command = command
        self.uid = uid
        self.user = user
        self.terminal = terminal
    }

    package var name: String { chain.last?.name ?? "" }

    /// This program as the author of a reload.
    package func author(
        _ certainty: ReloadAuthor.Certainty, via: String? = nil, why: String? = nil
    ) -> ReloadAuthor {
        ReloadAuthor(
            certainty: certainty, chain: chain, command: command.isEmpty ? nil : command, via: via, uid: uid,
            user: user, terminal: terminal, why: why)
    }
}

/// Chooses the author among the programs that started.
package enum AuthorGuess {
    /// How long before the master's execution its cause may have started, in microseconds; a client of systemd,
    /// a tool or a script may take longer than the kill that it ends in.
    private static let quick: Int64 = 1_500_000
    private static let slow: Int64 = 10_000_000
    /// `reloadtop reload` may wait for somebody's yes.
    private static let thoughtful: Int64 = 600_000_000

    /// Names of programs that may ask for a reload; only these are read when they start.
    package static func mayAsk(_ name: String) -> Bool {
        askers.contains(name) || interpreters.contains { name.hasPrefix($0) }
    }

    private static let killers: Set<String> = ["kill", "pkill", "killall", "skill"]
    private static let services: Set<String> = [
        "systemctl", "service", "rc-service", "invoke-rc.d", "monit", "supervisorctl", "s6-svc", "sv",
    ]
    private static let clients: Set<String> = [
        "socat", "nc", "ncat", "netcat", "nc.openbsd", "nc.traditional",
    ]
    private static let finders: Set<String> = ["pidof", "pgrep"]
    private static let proxies: Set<String> = ["haproxy", "mwproxy"]
    private static let askers = killers.union(services).union(clients).union(finders).union(proxies)
        .union(["reloadtop"])
    private static let interpreters = [
        "sh", "bash", "dash", "zsh", "ksh", "ash", "busybox", "python", "perl", "ruby", "node", "ansible",
        "puppet", "chef", "salt", "make", "cron", "CRON", "certbot", "consul-template", "dataplaneapi",
        "haproxy-ingress", "kubectl", "docker",
    ]

    /// `starts`: in their order; `at`: when the master executed itself; `socket`: the master's admin socket.
    /// `unit`: systemd's words for it, where its journal told of a reload at this moment.
    package static func guess(
        _ starts: [ProgramStart], at: Int64, master: Int32, socket: String?, unit: String? = nil
    ) -> ReloadAuthor {
        let scored = starts.filter { start in
            let reach = start.name == "reloadtop" ? thoughtful : slow
            return start.at <= at + 20_000 && at - start.at <= reach
        }.map { start in
            (start, score(start, at: at, master: master, socket: socket))
        }.filter { $0.1 > 0 }
        let found = scored.enumerated().max {
            ($0.element.1, $0.offset) < ($1.element.1, $1.offset)
        }?.element
        func before(_ start: ProgramStart) -> String {
            Wording.span(seconds: Double(max(0, at - start.at)) / 1_000_000)
        }
        guard let (best, sign) = found, sign > coincidence else {
            if let unit {
                return ReloadAuthor(
                    certainty: .seen, chain: [ProcessLink(pid: 1, name: "systemd")], via: unit,
                    why: "the journal tells of it")
            }
            let other = found.map { start, _ in
                "; \(ReloadAuthor.shortened(start.command)) started \(before(start)) before"
            }
            return .unknown(
                "no kill, service tool or admin client was seen to start before it" + (other ?? ""))
        }
        // systemd runs the kill; whoever asked systemd started its client before.
        if killers.contains(best.name), best.chain.dropLast().last?.pid == 1,
            let client = starts.last(where: { services.contains($0.name) && $0.command.contains("load") })
        {
            var author = client.author(.likely, via: unit, why: "it asked systemd \(before(best)) before")
            author.chain += best.chain.suffix(2)
            author.command = best.command
            return author
        }
        return best.author(.likely, via: unit, why: "it started \(before(best)) before")
    }

    /// How long a stop may take before the next master starts, in microseconds.
    private static let slowStop: Int64 = 60_000_000

    /// Who is likely to have ended the master `gone` and started the next one, `next`, at `at`. `service`: the unit that
    /// `next` runs in, `lb.service`; `unit`: as in `guess`.
    package static func restarter(
        _ starts: [ProgramStart], at: Int64, gone: Int32, next: Int32, service: String? = nil,
        unit: String? = nil
    ) -> ReloadAuthor {
        // On a busy host other services are restarted as well.
        func isAboutOther(_ start: ProgramStart, _ words: [Substring]) -> Bool {
            guard let service, start.name == "systemctl" else { return false }
            let names = [service, service.replacing(".service", with: "")] + proxies
            return !words.contains { word in names.contains { word == $0 || word == $0 + ".service" } }
        }
        func score(_ start: ProgramStart) -> Int {
            let words = start.command.split(separator: " ")
            if services.contains(start.name) {
                if isAboutOther(start, words) { return 0 }
                return words.contains { $0.hasSuffix("restart") }
                    ? 100 : words.contains { $0 == "stop" || $0 == "start" } ? 60 : 0
            }
            guard killers.contains(start.name), !words.contains("-0") else { return 0 }
            if words.contains("\(gone)") { return 90 }
            return words.contains { word in proxies.contains { word.hasSuffix($0) } } ? 80 : 0
        }
        let candidates = starts.filter { $0.at <= at + 20_000 && at - $0.at <= slowStop }
        let best = candidates.enumerated().filter { score($0.element) > 0 }.max {
            (score($0.element), $0.offset) < (score($1.element), $1.offset)
        }?.element
        if let best {
            let before = Wording.span(seconds: Double(max(0, at - best.at)) / 1_000_000)
            return best.author(.likely, via: unit, why: "it started \(before) before the new master")
        }
        if let unit {
            return ReloadAuthor(
                certainty: .seen, chain: [ProcessLink(pid: 1, name: "systemd")], via: unit,
                why: "the journal tells of it")
        }
        guard var start = candidates.last(where: { $0.pid == next }), start.chain.count > 1 else {
            return .unknown("nobody was seen to end the master before or to start this one")
        }
        start.chain.removeLast()
        start.command = ""
        return start.author(.likely, why: "it started the new master")
    }

    private static func score(_ start: ProgramStart, at: Int64, master: Int32, socket: String?) -> Int {
        let words = start.command.split(separator: " ")
        let isQuick = at - start.at <= quick
        if killers.contains(start.name) || words.contains(where: { signals.contains(String($0)) }) {
            guard isQuick else { return 0 }
            let names = words.contains { signals.contains(String($0)) }
            return names && words.contains("\(master)") ? 100 : names ? 90 : 50
        }
        if start.name == "reloadtop" {
            let asks = words.contains("reload") && !words.contains("--dry-run")
            return !asks ? 0 : at - start.at <= slow ? 75 : 25
        }
        if proxies.contains(start.name) {
            if words.contains("-R") { return isQuick ? 70 : 0 }
            // A test asks for nothing.
            if words.contains("-c") { return 0 }
        }
        let namesSocket = socket.map { start.command.contains($0) } ?? false
        if namesSocket, isQuick { return 80 }
        if services.contains(start.name) { return start.command.contains("load") ? 70 : 0 }
        guard isQuick else {
            return !interpreters.contains(start.name) && start.command.contains("reload") ? 20 : 0
        }
        if clients.contains(start.name) { return 40 }
        if start.command.contains("reload") || start.command.contains("haproxy")
            || start.command.contains("mwproxy")
        {
            return proxies.contains(start.name) ? 15 : 35
        }
        return finders.contains(start.name) ? 30 : coincidence
    }

    /// A script that started at the right moment may have sent the signal by a word of its shell; nothing else
    /// speaks for it, and on a busy host something always starts.
    private static let coincidence = 10

    private static let signals: Set<String> = [
        "-USR2", "-SIGUSR2", "-12", "USR2", "SIGUSR2", "-HUP", "-SIGHUP", "-1", "HUP", "SIGHUP",
    ]
}
