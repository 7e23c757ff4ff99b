// TLS tickets over reloads of real proxies: whether a worker's tickets outlive it is told, and no key is.

import Demo
import Glibc
import Observing
import ReloadModel
import TestSupport
import Testing

@Suite struct TicketScenarioTests {
    private func secret() throws -> String {
        try Program.run(Program.system("openssl"), ["rand", "-base64", "48"]).line
    }

    private func configuration(_ folder: ScratchFolder, port: UInt16, keys: String) -> String {
        """
        global
          stats socket \(folder.file("worker.sock")) mode 600 level admin
        defaults
          mode http
          timeout connect 5s
          timeout client 30s
          timeout server 30s
        frontend web
          bind 127.0.0.1:\(port) ssl crt \(folder.file("site.pem")) \(keys)
          http-request return status 200

        """
    }

    @Test(arguments: ProxyKind.allCases)
    func survivedAndLostAreTold(kind: ProxyKind) throws {
        let port = try FreePort.find()
        let folder = try ScratchFolder("tickets-")
        let certificate = try Program.run(
            Program.system("openssl"),
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "9",
                "-subj", "/CN=localhost", "-keyout", "-", "-out", "-",
            ])
        _ = try folder.write("site.pem", certificate.output)
        let secrets = [try secret(), try secret(), try secret()]
        _ = try folder.write("keys", secrets.joined(separator: "\n") + "\n")
        let named = "tls-ticket-keys \(folder.file("keys"))"
        let proxy = try RunningProxy(kind, in: folder) { _ in
            configuration(folder, port: port, keys: named)
        }
        let observer = Observer(try Observer.find(pid: proxy.master), options: ObserverOptions())
        var everything = ""
        /// Reloads, and waits for what is told of the tickets.
        func reload(_ number: Int) throws -> TicketSurvival {
            // The worker that serves is asked for its keys before: it leaves as soon as the next one is here.
            try wait(for: "worker \(number) to serve and to be asked") {
                let look = observer.sample()
                return look.workers.count == 1 && look.workers[0].state == .serving
                    && look.workers[0].uptime > 1
            }
            proxy.program.signal(SIGUSR2)
            return try wait(for: "what became of the tickets") { () -> TicketSurvival? in
                _ = observer.drainEvents()
                let look = observer.sample()
                everything += "\(look)"
                guard look.reloads.filter({ $0.result == .success }).count == number else { return nil }
                return look.reloads.last?.verdict.tickets.value
            }
        }
        guard case .survived(let keys) = try reload(1) else {
            Issue.record("not survived")
            return
        }
        #expect(keys.count == 1 && keys[0].hasPrefix("sha256:"))
        try proxy.configure(configuration(folder, port: port, keys: ""))
        let noFile = "no tls-ticket-keys file: every worker makes its own key"
        #expect(try reload(2) == .lost(["\(noFile) any more"]))
        #expect(try reload(3) == .lost([noFile]))
        for secret in secrets { #expect(!everything.contains(secret.prefix(20))) }
    }
}
