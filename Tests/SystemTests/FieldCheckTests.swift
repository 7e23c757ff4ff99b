// The checks that operators type and scripts run, to the letter, with our proxy under the name `haproxy`.

import Demo
import Glibc
import Polling
import TestSupport
import Testing
import Unix

extension OperatorSystemTests {
    @Suite struct FieldChecks {
        /// A folder with the program as `haproxy`, and a PATH that finds it first.
        private struct Field {
            let folder: ScratchFolder
            let kind: ProxyKind
            let link: String

            init(_ kind: ProxyKind) throws {
                self.kind = kind
                folder = try ScratchFolder("field-")
                link = folder.file("haproxy")
                symlink(try kind.program, link)
            }

            func shell(_ line: String) throws -> Program.Completed {
                let path = ProcessControl.environment("PATH") ?? "/usr/bin:/bin"
                return try Program.shell(line, environment: ["PATH": "\(folder.path):/usr/sbin:\(path)"])
            }

            func configuration(port: UInt16, origin: UInt16) -> String {
                """
                global
                    hard-stop-after 20s
                    stats socket \(folder.path)/admin.sock mode 600 level admin
                defaults
                    mode http
                    timeout connect 5s
                    timeout client 30s
                    timeout server 30s
                frontend web
                    bind 127.0.0.1:\(port)
                    default_backend app
                backend app
                    server origin 127.0.0.1:\(origin)

                """
            }
        }

        @Test(arguments: ProxyKind.available)
        func versionThroughHead(kind: ProxyKind) throws {
            let field = try Field(kind)
            let answer = try field.shell("haproxy -vv | head -5")
            #expect(answer.end == .exited(0) && answer.errors.isEmpty)
            let lines = answer.output.split(separator: "\n")
            #expect(lines.count >= 4)
            #expect(lines.first?.contains(" version ") == true, "\(answer.output)")
        }

        @Test(arguments: ProxyKind.available)
        func configurationTest(kind: ProxyKind) throws {
            let field = try Field(kind)
            try field.folder.write("good.cfg", field.configuration(port: try FreePort.find(), origin: 1))
            let good = try field.shell("haproxy -c -f \(field.folder.file("good.cfg"))")
            #expect(good.end == .exited(0))
            #expect((good.output + good.errors).contains("Configuration file is valid"))
            try field.folder.write(
                "bad.cfg", "defaults\n    mode http\n    timeout client fast\n    bogus 1\n")
            let bad = try field.shell("haproxy -c -f \(field.folder.file("bad.cfg"))")
            #expect(bad.end == .exited(1))
            #expect(bad.errors.contains("[ALERT]") && bad.errors.contains("bad.cfg:3"), "\(bad.errors)")
            #expect(bad.errors.contains("bad.cfg:4"), "all errors of a file: \(bad.errors)")
            let missing = try field.shell("haproxy -c -f \(field.folder.file("missing.cfg"))")
            #expect(missing.end == .exited(1))
            try field.folder.write("empty.cfg", "global\n    maxconn 10\n")
            #expect(try field.shell("haproxy -c -f \(field.folder.file("empty.cfg"))").end == .exited(2))
        }

        @Test(arguments: ProxyKind.available)
        func processesAndSockets(kind: ProxyKind) throws {
            let field = try Field(kind)
            let loop = try EventLoop()
            let origin = try Origin(on: loop)
            let port = try FreePort.find()
            let proxy = try RunningProxy(kind, path: field.link, in: field.folder) { _ in
                field.configuration(port: port, origin: origin.port)
            }
            let first = try #require(try proxy.serving().first)
            let names = try field.shell("pgrep haproxy").output.split(separator: "\n").compactMap {
                pid_t($0)
            }
            #expect(names.contains(proxy.master) && names.contains(first))
            let count = Int(try field.shell("pgrep -c haproxy").line) ?? 0
            #expect(count >= 2)

            let info = try field.shell(
                "echo 'show info' | socat stdio unix-connect:\(field.folder.file("admin.sock"))")
            #expect(info.end == .exited(0))
            #expect(info.output.contains("\nPid: \(first)\n"), "\(info.output)")
            #expect(info.output.contains("\nProcess_num: 1\n") && info.output.contains("\nStopping: 0\n"))
            let table = try field.shell("echo 'show proc' | socat stdio unix-connect:\(proxy.masterSocket)")
            #expect(
                table.output.hasPrefix("#<PID>") && table.output.contains("\n# workers\n"), "\(table.output)")
            let via = try field.shell("echo '@1 show info' | socat stdio unix-connect:\(proxy.masterSocket)")
            #expect(via.output.contains("\nPid: \(first)\n"))

            // A held request keeps the old worker: the tree then shows both below the one master.
            let held = try Connection(port: port)
            try held.send("GET /poll/60000 HTTP/1.1\r\nHost: a\r\n\r\n")
            try loop.run(for: "the held request") { origin.requests == 1 }
            try proxy.reload()
            let second = try #require(try proxy.serving().first)
            let tree = try field.shell("ps auxfww | grep '[h]aproxy'").output.split(separator: "\n")
            let row = { (pid: pid_t) in
                tree.first { $0.split(separator: " ").dropFirst().first == "\(pid)" }.map(String.init) ?? ""
            }
            #expect(row(proxy.master).contains(field.link))
            for worker in [first, second] { #expect(row(worker).contains("\\_"), "\(tree)") }
            let parent = try field.shell("ps -o ppid= -p \(first)").line.filter { $0 != " " }
            #expect(parent == "\(proxy.master)")
            let after = try field.shell(
                "echo 'show info' | socat stdio unix-connect:\(field.folder.file("admin.sock"))")
            #expect(after.output.contains("\nPid: \(second)\n"))
            let old = try field.shell(
                "echo '@!\(first) show info' | socat stdio unix-connect:\(proxy.masterSocket)")
            #expect(old.output.contains("\nStopping: 1\n"))
            if kind == .mwproxy {
                #expect(row(first).hasSuffix(" [was: 1]"), "\(row(first))")
                #expect(!row(second).contains("[was:"))
                #expect(after.output.contains("\nProcess_num: 2\n"))
                let rows = try proxy.ask("show proc")
                #expect(rows.contains("[was: 1]"), "\(rows)")
            }
            // HAProxy waits for the server even when the client is gone.
            origin.stop()
            held.close()
            try wait(for: "the old worker's end") { kill(first, 0) != 0 }

            proxy.program.signal(SIGTERM)
            #expect(try proxy.program.end() == .exited(0))
            #expect(kill(second, 0) != 0)
        }

        @Test(
            .enabled(if: getuid() == 0 && access("/etc/haproxy/haproxy.cfg", R_OK) == 0),
            arguments: ProxyKind.available)
        func debiansOwnConfiguration(kind: ProxyKind) throws {
            let field = try Field(kind)
            let loop = try EventLoop()
            let origin = try Origin(on: loop)
            let port = try FreePort.find()
            let added = """
                frontend web
                    bind 127.0.0.1:\(port)
                    default_backend app
                backend app
                    server origin 127.0.0.1:\(origin.port)

                """
            let extra = try field.folder.write("added.cfg", added)
            let check = try field.shell("haproxy -c -f /etc/haproxy/haproxy.cfg -f \(extra)")
            #expect(check.end == .exited(0), "\(check.errors)")
            // Its admin socket's folder belongs to the service, which may be running: ours goes elsewhere.
            let text = try File.readText("/etc/haproxy/haproxy.cfg")
            let parts = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                line.contains("stats socket ")
                    ? "\tstats socket \(field.folder.path)/debian.sock level admin" : line
            }
            let notify = try NotifySocket(in: field.folder, on: loop)
            let proxy = try RunningProxy(kind, flags: ["-Ws"], in: field.folder, notify: notify) { _ in
                parts.joined(separator: "\n") + "\n" + added
            }
            let traffic = Traffic(on: loop)
            traffic.start(Load("n", .connections(perSecond: 100)), to: .ipv4(0x7f00_0001, port: port))
            try loop.run(load: .milliseconds(300))
            proxy.program.signal(SIGUSR2)
            try loop.run(for: "READY after a reload") { notify.readyCount == 2 }
            try loop.run(load: .milliseconds(300))
            traffic.finish()
            try loop.run(for: "the last responses") { traffic.isFinished }
            let tally = try #require(traffic.tally("n"))
            #expect(tally.failed == 0 && tally.succeeded > 20, "\(tally.notes) \(proxy.program.errors)")
            let worker = try #require(try proxy.serving().first)
            let user = try field.shell("ps -o user= -p \(worker)").line
            #expect(user == "haproxy")
        }
    }
}
