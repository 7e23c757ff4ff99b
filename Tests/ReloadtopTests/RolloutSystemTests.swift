// `reloadtop rollout` over three hosts with real sshd, HAProxy, mwproxy and peers: what is refused before the first
// change, what stops it in the middle, and what every host has after it.

import Demo
import Glibc
import RuntimeAPI
import TestSupport
import Testing
import Unix

@Suite(.serialized, .enabled(if: getuid() == 0, "hosts in namespaces of their own need root"))
struct RolloutSystemTests {
    private func text(_ fleet: String, status: Int, more: String = "") -> String {
        """
        global
            hard-stop-after 60s
        defaults
            mode http
            timeout connect 5s
            timeout client 60s
            timeout server 60s
        peers all
            peer h1 10.77.0.1:10000
            peer h2 10.77.0.2:10000
            peer h3 10.77.0.3:10000
        frontend web
            bind :8080
            bind :8443 ssl crt \(fleet)/here/web.pem tls-ticket-keys \(fleet)/here/ticket.keys
            \(more)
            stick-table type string size 1k expire 1h peers all
            http-request track-sc0 path
            http-request return status \(status) hdr x y

        """
    }

    @Test func oneHostAfterAnotherAndNoFurtherThanTheFirstFault() throws {
        let certificates = try Certificates.shared.get()
        let fleet = try Fleet([.haproxy, .mwproxy, .haproxy]) { folder, number in
            let root = String(folder.dropLast("/h1".count))
            try File.write(folder + "/proxy.cfg", text(root, status: 200))
            try File.write(folder + "/web.pem", try File.readText(certificates.folder.file("a.pem")))
            let keys = try File.readText(certificates.folder.file("48.keys"))
            let lines = keys.split(separator: "\n")
            try File.write(
                folder + "/ticket.keys",
                number == 3 ? lines.reversed().joined(separator: "\n") + "\n" : keys)
        }
        let root = fleet.folder.path
        let names = Fleet.names.flatMap { ["--host", $0] }
        func unchanged(_ hosts: [String], _ status: Int, _ place: String) throws {
            for host in hosts {
                #expect(try fleet.configuration(host) == text(root, status: status), "\(place) \(host)")
            }
        }
        let new = try fleet.folder.write("new.cfg", text(root, status: 202))

        // Before the first change: other ticket keys on one host, a host that does not answer, a file that one cannot load.
        let different = try fleet.rollout(names + ["--yes", new])
        #expect(different.code == 3 && different.verdict == "refused", "\(different.reasons)")
        #expect(different.reasons.contains("ticket keys differ"), "\(different.reasons)")
        let groups = different.json["differences"]?.array?.first?["groups"]?.array ?? []
        #expect(
            groups.map { $0["hosts"]?.text } == [#"["h1","h2"]"#, #"["h3"]"#],
            "\(different.json["differences"]!)")
        let absent = try fleet.rollout(["--host", "h1", "--host", "nowhere", "--yes", new])
        #expect(
            absent.code == 3 && absent.reasons.contains("nowhere: cannot be reached"), "\(absent.reasons)")
        try #require(
            try fleet.run("h2", "cp \(root)/here/web.pem \(root)/here/more.pem && echo ok") == "ok\n")
        let more = "bind :8444 ssl crt \(root)/here/more.pem"
        let missing = try fleet.folder.write("missing.cfg", text(root, status: 202, more: more))
        let untested = try fleet.rollout(names + ["--yes", "--accept-differences", missing])
        #expect(untested.code == 3 && untested.reasons.contains("h1: the test fails"), "\(untested.reasons)")
        #expect(untested.reasons.contains("h3: the test fails") && !untested.reasons.contains("h2: "))
        try unchanged(Fleet.names, 200, "refused")
        for host in Fleet.names { #expect(try fleet.audit(host).isEmpty, "\(host)") }
        #expect(try fleet.audit().isEmpty)

        // All is well.
        let good = try fleet.rollout(
            names + ["--yes", "--accept-differences", "--wait-peers", "--pause", "0.1", new])
        #expect(good.code == 0 && good.verdict == "served", "\(good.json.text)")
        try unchanged(Fleet.names, 202, "served")
        for host in Fleet.names {
            #expect(try fleet.status(host) == "202", "\(host)")
            #expect(try fleet.audit(host).map { $0["event"]?.string } == ["begun", "ended"], "\(host)")
        }
        let events = try fleet.audit().map { $0["event"]?.string }
        #expect(events == ["begun"] + Fleet.names.flatMap { _ in ["host_begun", "host_ended"] } + ["ended"])

        // The load fails on the second host, where somebody else has the port.
        let taken = try fleet.taken(9999, on: "h2")
        let greedy = try fleet.folder.write("greedy.cfg", text(root, status: 203, more: "bind :9999"))
        let failed = try fleet.start(
            names + ["--yes", "--accept-differences", "--accept-findings", greedy])
        #expect(try failed.end() == .exited(2), "\(failed.output)")
        taken.stop()
        let lines = failed.output.split(separator: "\n")
        for (host, words) in [
            ("h1", ["served", "the new file is in place"]),
            ("h2", ["rolled back", "the old file is in place"]),
            ("h3", ["not touched", "nothing"]),
        ] {
            let row = lines.last { $0.hasPrefix("\(host) ") } ?? ""
            #expect(words.allSatisfy(row.contains), "\(failed.output)")
        }
        #expect(lines.last?.hasPrefix("rolled back: h2: rolled back: the load failed") == true)
        #expect(lines.last?.hasSuffix("not touched: h3") == true)
        #expect(try fleet.configuration("h1") == text(root, status: 203, more: "bind :9999"))
        try unchanged(["h2", "h3"], 202, "rolled back")
        #expect(try ["h1", "h2", "h3"].map { try fleet.status($0) } == ["203", "202", "202"])

        try signals(fleet, new: new)
        try signalBeforeTheFirstChange(fleet)
    }

    /// A host that still tests the new file, whose map tells nothing before somebody writes, has changed nothing.
    private func signalBeforeTheFirstChange(_ fleet: Fleet) throws {
        let map = fleet.folder.file("h3/slow.map")
        try #require(mkfifo(map, 0o600) == 0)
        try fleet.folder.write("h1/slow.map", "a b\n")
        let line = "http-request set-header x-m %[path,map(\(fleet.here)/slow.map)]"
        let slow = try fleet.folder.write("slow.cfg", text(fleet.folder.path, status: 204, more: line))
        let before = try (fleet.configuration("h3"), fleet.audit("h3").count, fleet.audit().count)
        let rollout = try fleet.start(
            ["--host", "h3", "--host", "h1", "--yes", "--json", "--accept-differences", slow])
        do {
            let writer = try ReloadScene.reader(of: map)
            try File.writeAll(writer.raw, "a b\n".utf8)
        }
        try wait(for: "the turn of h3") { try fleet.audit().count == before.2 + 2 }
        let writer = try ReloadScene.reader(of: map)
        rollout.signal(SIGINT)
        #expect(try rollout.end() == .exited(3), "\(rollout.output)")
        let json = try JSON(parsing: rollout.output)
        let reasons = json["reasons"]?.text ?? ""
        #expect(json["hosts"]?.array?.first?["verdict"]?.string == "refused", "\(reasons)")
        #expect(reasons.contains("SIGINT") && reasons.contains("before anything was changed"), "\(reasons)")
        #expect(json["untouched"]?.text == #"["h1"]"#)
        #expect(try fleet.configuration("h3") == before.0 && fleet.audit("h3").count == before.1)
        _ = writer
    }

    /// A signal ends the waits of the host whose turn it is; a connection that is lost leaves the host alone with it.
    private func signals(_ fleet: Fleet, new: String) throws {
        let waiting = [
            "--host", "h3", "--host", "h2", "--yes", "--json", "--accept-differences", "--wait-drained",
        ]
        func noted(_ event: String) throws -> [JSON] {
            try fleet.audit("h3").filter { $0["event"]?.string == event }
        }
        for isLost in [false, true] {
            let before = try noted("ended").count
            let client = try fleet.heldClient(of: "h3")
            let rollout = try fleet.start(waiting)
            // From there on a signal ends its waits.
            try wait(for: "the reload on h3") { try noted("begun").count == before + 1 }
            if isLost {
                let children = try File.readText("/proc/\(rollout.pid)/task/\(rollout.pid)/children")
                let connection = try #require(pid_t(children.split(separator: " ").first ?? ""))
                kill(connection, SIGKILL)
            } else {
                rollout.signal(SIGINT)
            }
            let code = try rollout.end()
            let json = try JSON(parsing: rollout.output)
            let reasons = json["reasons"]?.text ?? ""
            #expect(json["untouched"]?.text == #"["h2"]"#)
            let verdict = json["hosts"]?.array?.first?["verdict"]?.string
            if isLost {
                #expect(code == .exited(4) && verdict == "unknown", "\(reasons)")
                #expect(json["advice"]?.text.contains("h3 ") == true)
                #expect(try noted("ended").count == before)
            } else {
                // Unknown where the signal came before the load was seen to end.
                #expect(code == .exited(verdict == "degraded" ? 1 : 4), "\(reasons)")
                #expect(
                    reasons.contains("SIGINT ended the watch") && reasons.contains("SIGINT ended the rollout")
                )
                #expect(try noted("ended").last?["verdict"]?.string == verdict, "\(reasons)")
            }
            client.stop()
            try wait(for: "the verdict in the host's own audit log") {
                try noted("ended").count == before + 1
            }
            if isLost { #expect(try noted("ended").last?["verdict"]?.string == "drained") }
        }
    }
}
