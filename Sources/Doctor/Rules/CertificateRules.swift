// Certificates: whether those that are shown are those on disk, and how long they hold.

import ReloadModel
import RuntimeAPI

enum CertificateRules {
    private static let day: Int64 = 86400
    /// Days left from which on it is urgent, and from which on it is time.
    private static let urgent: Int64 = 7
    private static let soon: Int64 = 30

    // MARK: What runs and what is on disk

    static func running(_ facts: SystemFacts) -> Examination.Outcome {
        facts.tls.decide { tls in
            let loaded = tls.certificates.filter { $0.running != nil }
            guard !loaded.isEmpty || !tls.transactions.isEmpty else {
                return .notConcerned("no certificate is loaded")
            }
            var findings = loaded.compactMap { difference($0, facts) }
            findings += tls.transactions.map { file in
                Finding(
                    .notice, "a change of \(file) was begun by command and is not committed",
                    why: "the former certificate is shown, and a reload forgets the new one",
                    place: "the admin socket",
                    lines: ["commit ssl cert \(file)", "abort ssl cert \(file)"])
            }
            let unseen = loaded.compactMap(\.disk.reason)
            if findings.isEmpty, let why = unseen.first { return .unknown(why) }
            return .of(
                findings, elseGood: "\(Wording.count(loaded.count, "certificate")), each as its file has it")
        }
    }

    private static func difference(_ fact: CertificateFact, _ facts: SystemFacts) -> Finding? {
        guard let running = fact.running, let disk = fact.disk.value else { return nil }
        switch disk {
        case .leaf(let leaf, _) where leaf.sha1Fingerprint == running.sha1Fingerprint: return nil
        case .leaf(let leaf, let changedAt) where changedAt > startOfServing(facts):
            return Finding(
                .warning, "\(fact.file) was changed and is not loaded: \(two(running, leaf))",
                why: "the former certificate is shown until the next reload",
                place: "reload, or load it alone by 'set ssl cert' and 'commit ssl cert'",
                lines: [FileRules.reloadCommand(facts)])
        case .leaf(let leaf, _):
            return Finding(
                .warning, "\(fact.file) was replaced by command, not on disk: \(two(running, leaf))",
                why: "the next reload undoes it: the certificate of the file is shown again",
                place: "\(fact.file): write the certificate that runs, and its key, into it")
        case .missing:
            return Finding(
                .warning, "\(fact.file) runs and is not on disk",
                why:
                    "a certificate that was made by command is gone with the next reload, and the reload fails "
                    + "where the configuration names it",
                place: "\(fact.file): write the certificate that runs, and its key, into it")
        case .noCertificate(let why):
            return Finding(
                .critical, "\(fact.file) on disk is no certificate: \(why)",
                why: "the next reload fails, and after a restart nothing serves at all", place: fact.file,
                lines: ["openssl x509 -in \(fact.file) -noout -subject -enddate"])
        }
    }

    /// When the serving worker began, microseconds since 1970 UTC.
    private static func startOfServing(_ facts: SystemFacts) -> Int64 {
        let uptime = facts.workers.first { $0.state == .serving }?.uptime ?? 0
        return facts.now - Int64(uptime * 1_000_000)
    }

    private static func two(_ running: CertificateFact.Leaf, _ disk: CertificateFact.Leaf) -> String {
        "serial \(running.serial) until \(date(running.notAfter)) runs, serial \(disk.serial) until "
            + "\(date(disk.notAfter)) is on disk"
    }

    /// `2026-12-13`
    private static func date(_ seconds: Int64) -> String {
        String(CivilTime.text(ofMicroseconds: seconds * 1_000_000).prefix(10))
    }

    private static func span(_ seconds: Int64) -> String {
        seconds < day
            ? Wording.span(seconds: Double(seconds)) : Wording.count(Int(seconds / day), "day")
    }

    // MARK: How long they hold

    static func expiry(_ facts: SystemFacts) -> Examination.Outcome {
        facts.tls.decide { tls in
            let now = facts.now / 1_000_000
            var findings: [Finding] = []
            var ends: [Int64] = []
            for fact in tls.certificates {
                var next: CertificateFact.Leaf?
                if case .leaf(let leaf, _)? = fact.disk.value { next = leaf }
                if let running = fact.running, fact.isUsed {
                    ends.append(running.notAfter)
                    findings += [finding(fact.file, running, now, renewed: next, facts)].compactMap(\.self)
                }
                let isRunning = next?.sha1Fingerprint == fact.running?.sha1Fingerprint && fact.isUsed
                if let next, !isRunning {
                    ends.append(next.notAfter)
                    findings += [finding(fact.file, next, now)].compactMap(\.self)
                }
            }
            guard let first = ends.min() else { return .notConcerned("no certificate is loaded or named") }
            return .of(
                findings.sorted { $0.severity > $1.severity },
                elseGood: "\(Wording.count(ends.count, "certificate")), the first ends on \(date(first))")
        }
    }

    /// Of one that runs: `renewed` is its file's. Else of one that the next load reads.
    private static func finding(
        _ file: String, _ leaf: CertificateFact.Leaf, _ now: Int64, renewed: CertificateFact.Leaf? = nil,
        _ facts: SystemFacts? = nil
    ) -> Finding? {
        let left = leaf.notAfter - now
        let which = facts == nil ? "the certificate in \(file), which the next load reads," : file
        let why =
            facts == nil
            ? "the next load brings it, and whoever is shown it refuses it \(left < 0 ? "at once" : "from then on")"
            : "whoever is shown it refuses it \(left < 0 ? "now" : "from then on"), and no reload mends it"
        if leaf.notBefore > now {
            return Finding(
                .critical, "\(which) is valid from \(date(leaf.notBefore)) on only",
                why: "until then it is refused: look at the clock of this host, too", place: file)
        }
        guard left < soon * day else { return nil }
        let when = left < 0 ? "ended on" : "ends in \(span(left)), on"
        let isRenewed = renewed.map { $0.notAfter - now >= soon * day && $0.notBefore <= now } ?? false
        return Finding(
            left < urgent * day ? .critical : .warning, "\(which) \(when) \(date(leaf.notAfter))",
            why: isRenewed ? "it is refused from then on; the file has a newer one already" : why,
            place: isRenewed ? "reload" : "\(file): renew it",
            lines: isRenewed ? facts.map { [FileRules.reloadCommand($0)] } ?? [] : [])
    }
}
