// Whether TLS tickets outlive a reload: the pure decision.

import ReloadModel
import Testing

@Suite struct TicketSurvivalTests {
    struct Case: CustomStringConvertible, Sendable {
        let description: String
        var old: WorkerTickets
        var new: WorkerTickets
        let expected: TicketSurvival
        var isMishap = false
    }

    private static func worker(
        _ files: [String: [String]] = [:], speaksTLS: Bool = true, binds: TicketBinds? = nil
    ) -> WorkerTickets {
        WorkerTickets(
            speaksTLS: speaksTLS,
            files: files.sorted { $0.key < $1.key }.map { name, keys in
                WorkerTickets.KeyFile(
                    name: name, keys: keys, encrypting: keys.count > 1 ? keys[keys.count - 2] : nil)
            }, binds: binds.map { .known($0) } ?? .unknown(Unknown("changed")))
    }

    private static let noFile = "no tls-ticket-keys file: every worker makes its own key"
    private static let oneBind = TicketBinds(withTickets: 1, withoutKeys: 0)

    @Test(arguments: [
        Case(
            description: "the same keys", old: worker(["a": ["1", "2", "3"]], binds: oneBind),
            new: worker(["a": ["1", "2", "3"]]), expected: .survived(["2"])),
        Case(
            description: "rotated by one", old: worker(["a": ["1", "2", "3"]]),
            new: worker(["a": ["2", "3", "4"]]), expected: .survived(["2"])),
        Case(
            description: "rotated by two", old: worker(["a": ["1", "2", "3"]]),
            new: worker(["a": ["3", "4", "5"]]),
            expected: .lost(["the new worker does not have the old one's key 2 of a"]), isMishap: true),
        Case(
            description: "another name for the same keys", old: worker(["a": ["1", "2", "3"]]),
            new: worker(["b": ["1", "2", "3"], "c": ["7", "8", "9"]]), expected: .survived(["2"])),
        Case(
            description: "one of two files", old: worker(["a": ["1", "2", "3"], "b": ["4", "5", "6"]]),
            new: worker(["a": ["1", "2", "3"], "b": ["7", "8", "9"]]),
            expected: .lost(["the new worker does not have the old one's key 5 of b"]), isMishap: true),
        Case(
            description: "the other file has the key", old: worker(["a": ["1", "2", "3"]]),
            new: worker(["a": ["7", "8", "9"], "b": ["1", "2", "3"]]),
            expected: .lost(["the new worker does not have the old one's key 2 of a"]), isMishap: true),
        Case(
            description: "the file is not named any more", old: worker(["a": ["1", "2", "3"]]), new: worker(),
            expected: .lost([noFile + " any more"]), isMishap: true),
        Case(
            description: "no file", old: worker(), new: worker(["a": ["1", "2", "3"]]),
            expected: .lost([noFile])),
        Case(
            description: "one bind without a file",
            old: worker(["a": ["1", "2", "3"]], binds: TicketBinds(withTickets: 2, withoutKeys: 1)),
            new: worker(["a": ["1", "2", "3"]]), expected: .lost(["1 of 2 TLS binds have \(noFile)"])),
        Case(
            description: "certificates for servers alone",
            old: worker(binds: TicketBinds(withTickets: 0, withoutKeys: 0)), new: worker(), expected: .noTLS),
        Case(
            description: "no TLS before", old: worker(speaksTLS: false), new: worker(["a": ["1", "2", "3"]]),
            expected: .noTLS),
        Case(
            description: "no TLS any more", old: worker(["a": ["1", "2", "3"]]),
            new: worker(speaksTLS: false), expected: .lost(["the new worker has no TLS"]), isMishap: true),
    ])
    func decision(tickets: Case) {
        let survival = tickets.old.survival(in: tickets.new)
        #expect(survival == tickets.expected)
        #expect(survival.isMishap == tickets.isMishap)
    }

    @Test func bindsOfAConfiguration() {
        let text = """
            global
              tune.ssl.lifetime 300
            frontend web
              bind :80
              bind :443 ssl crt "/etc/a b.pem" tls-ticket-keys /etc/keys # ssl
              bind :444 ssl crt /etc/a.pem
              bind :445 ssl crt /etc/a.pem no-tls-tickets
              use_backend ssl if { ssl_fc }
            peers cluster
              bind :1024 ssl crt /etc/a.pem
            """
        #expect(TicketBinds.find(in: [text]) == TicketBinds(withTickets: 2, withoutKeys: 1))
        let off = "global\n ssl-default-bind-options no-tls-tickets"
        #expect(TicketBinds.find(in: [off, text]) == TicketBinds(withTickets: 0, withoutKeys: 0))
    }
}
