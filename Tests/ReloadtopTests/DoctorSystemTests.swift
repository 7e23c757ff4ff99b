// `reloadtop doctor`, `--check`, preferences and views 4 and 8, over real proxies.

import Demo
import Glibc
import RuntimeAPI
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct DoctorSystemTests {
    private func reloadtop(_ arguments: [String], environment: [String: String?] = [:]) throws
        -> Program.Completed
    {
        try Program.run(try Program.ours("reloadtop"), arguments, environment: environment)
    }

    private func doctor(_ proxy: RunningProxy, _ options: [String] = []) throws -> Program.Completed {
        try reloadtop(["doctor", "--pid", "\(proxy.master)"] + options)
    }

    /// Nothing that the checklist could find in the file; `spoilt` changes it.
    private func configuration(
        _ folder: ScratchFolder, _ port: UInt16, _ spoilt: (String) -> String = { $0 }
    ) -> String {
        spoilt(SoundConfiguration.text(adminSocket: folder.file("worker.sock"), port: port, serverPort: 9))
    }

    private func points(_ report: Program.Completed) throws -> [String: JSON] {
        let json = try JSON(parsing: report.output)
        return Dictionary(
            uniqueKeysWithValues: (json["points"]?.array ?? []).map { ($0["id"]?.string ?? "", $0) })
    }

    @Test(.enabled(if: getuid() == 0), arguments: ProxyKind.allCases)
    func aGoodProxyHasNothingToMend(kind: ProxyKind) throws {
        let port = try FreePort.find()
        let proxy = try RunningProxy(kind) { configuration($0, port) }
        let report = try doctor(proxy)
        #expect(report.end == .exited(0), "\(report.output)\(report.errors)")
        #expect(report.output.contains("0 critical, 0 warnings, 0 notices; 0 points unknown"))
        #expect(report.output.contains("config-test: '"))
    }

    @Test(.enabled(if: getuid() == 0), arguments: ProxyKind.allCases)
    func aBadProxyIsToldSo(kind: ProxyKind) throws {
        let port = try FreePort.find()
        let taken = try Socket.stream(for: .ipv4(0x7f00_0001, port: 0))
        try Socket.bind(taken, to: .ipv4(0x7f00_0001, port: 0))
        try Socket.listen(taken, backlog: 1)
        let foreign = try #require(try Socket.localAddress(taken.raw).port)
        let proxy = try RunningProxy(kind) { folder in
            chmod(folder.path, 0o755)
            return configuration(folder, port) { text in
                text.replacing("    hard-stop-after 30m\n", with: "").replacing("mode 660", with: "mode 666")
                    .replacing("    timeout client 50s\n", with: "")
            }
        }
        let socket = proxy.folder.file("worker.sock")
        // The start of a worker is known to a clock tick only: a change right after it could have been read.
        let ready = Instant.now()
        try wait(for: "some ticks to pass") { Instant.now() - ready > .milliseconds(50) }
        try proxy.configure(
            configuration(proxy.folder, port) { text in
                text.replacing(
                    "default_backend app",
                    with: "bind 127.0.0.1:\(foreign)\n    bogus\n    default_backend app")
            })
        let report = try doctor(proxy, ["--json"])
        #expect(report.end == .exited(2))
        let points = try points(report)
        func findings(_ id: String) -> String { points[id]?["findings"]?.text ?? "" }
        #expect(findings("config-test").contains("do not load"))
        #expect(findings("config-test").contains("bogus"))
        #expect(findings("config-changed").contains("has changed since this worker read it"))
        #expect(findings("bind-ports").contains("listens on 127.0.0.1:\(foreign)"))
        #expect(findings("bind-ports").contains("(pid \(getpid()))"))
        #expect(findings("admin-rights").contains(socket))
        #expect(points["master-worker"]?["outcome"]?.string == "good")
    }

    @Test func aProxyWithoutAMasterIsAFinding() throws {
        let port = try FreePort.find()
        let folder = try ScratchFolder()
        let file = try folder.write("a.cfg", configuration(folder, port))
        let lonely = try RunningProgram(try Program.system("haproxy"), ["-db", "-f", file], in: folder)
        try wait(for: "it to listen") { access(folder.file("worker.sock"), F_OK) == 0 }
        let report = try reloadtop(["doctor", "--pid", "\(lonely.pid)"])
        #expect(report.end == .exited(2))
        #expect(report.output.contains("process \(lonely.pid) runs without a master"))
    }

    @Test func nothingToExamineIsThree() throws {
        let report = try reloadtop(["doctor", "--master-socket", "/nowhere/x.sock"])
        #expect(report.end == .exited(3))
        #expect(report.errors.contains("/nowhere/x.sock"))
    }

    // MARK: --check

    @Test(arguments: ProxyKind.allCases)
    func theLineForMonitoring(_ kind: ProxyKind) throws {
        let watched = try Watched(kind)
        let calm = try reloadtop(["--check"] + watched.arguments)
        #expect(calm.end == .exited(0), "\(calm.output)")
        #expect(calm.output.hasPrefix("RELOADTOP OK - \(kind) "))
        #expect(calm.output.contains(" | serving=1;;1:;0 draining=0;4;;0 "))
        #expect(calm.output.split(separator: "\n").count == 1)
        try watched.proxy.configure(Watched.configuration(port: watched.port) + "    bogus\n")
        watched.proxy.program.signal(SIGUSR2)
        try wait(for: "the failure") {
            try watched.proxy.processes().first { $0.type == "master" }?.line.contains("[failed: 1") == true
        }
        let failed = try reloadtop(["--check"] + watched.arguments)
        #expect(failed.end == .exited(2))
        #expect(failed.output.hasPrefix("RELOADTOP CRITICAL - last reload failed"))
        #expect(failed.output.contains("failed_reloads=1;;0;0"))
        let nowhere = try reloadtop(["--check", "--master-socket", "/nowhere/x.sock"])
        #expect(nowhere.end == .exited(3))
        #expect(nowhere.output.hasPrefix("RELOADTOP UNKNOWN - "))
    }

    // MARK: Preferences

    @Test func theFileOfPreferencesIsReadAndTheCommandLineHolds() throws {
        let watched = try Watched()
        let folder = try ScratchFolder()
        mkdir(folder.file("reloadtop"), 0o755)
        try folder.write(
            "reloadtop/config", "master-socket = \(watched.proxy.masterSocket)\nstack-limit = 7\n")
        let environment = ["XDG_CONFIG_HOME": folder.path]
        let check = try reloadtop(["--check"], environment: environment)
        #expect(check.output.contains("draining=0;7;;0"), "\(check.output)\(check.errors)")
        let line = try reloadtop(["--check", "--stack-limit", "3"], environment: environment)
        #expect(line.output.contains("draining=0;3;;0"))
        let doctor = try reloadtop(["doctor"], environment: environment)
        #expect(doctor.output.contains("master \(watched.proxy.master)"))

        try folder.write("reloadtop/config", "# mine\nstack-limit = many\n")
        let wrong = try reloadtop(["--check"], environment: environment)
        #expect(wrong.end == .exited(64))
        #expect(wrong.errors.contains("/reloadtop/config:2: 'stack-limit' needs a whole number from 0"))
        #expect(wrong.errors.contains("found 'many'"))
        let missing = try reloadtop(["--once", "--config", folder.file("none")])
        #expect(missing.end == .exited(64))
        #expect(missing.errors.contains(folder.file("none")))
        let template = try reloadtop(["--write-config"], environment: environment)
        #expect(template.end == .exited(0))
        #expect(template.output.contains("#stack-limit = 4"))
    }

    /// Whatever can be set on the command line and kept can be set in the file, and the manual has all of it.
    @Test func everyOptionIsInTheFileAndInTheManual() throws {
        func options(_ text: String) -> Set<String> {
            Set(
                text.split { !($0.isLetter || $0 == "-") }.filter { $0.hasPrefix("--") && $0.count > 3 }.map(
                    String.init))
        }
        let folder = try ScratchFolder()
        let environment: [String: String?] = ["XDG_CONFIG_HOME": folder.path]
        let help = options(try reloadtop(["--help"], environment: environment).output)
        let once: Set<String> = [
            "--pid", "--once", "--json", "--check", "--demo", "--config", "--write-config", "--version",
            "--help", "--threshold",
        ]
        let template = try reloadtop(["--write-config"], environment: environment).output
        let lines = template.split(separator: "\n").filter { $0.hasPrefix("#") && !$0.hasPrefix("# ") }
            .map { String($0.dropFirst()) }
        let kept = Set(lines.map { "--" + $0.prefix { $0 != " " } })
        #expect(kept.intersection(help) == help.subtracting(once))
        // What has no option of its own is a threshold.
        let thresholds = lines.filter { line in !help.contains("--" + line.prefix { $0 != " " }) }
            .flatMap { ["--threshold", $0.replacing(" = ", with: "=")] }
        #expect(thresholds.count >= 20)
        #expect(
            try reloadtop(["--write-config"] + thresholds, environment: environment).end == .exited(0))
        let wrong = try reloadtop(["--threshold", "used-warning=7"], environment: environment)
        #expect(wrong.end == .exited(64) && wrong.errors.contains("needs a number from 0 to 1, found '7'"))
        let page = try File.readText(Program.packageRoot + "/docs/man/reloadtop.1").replacing(
            "\\-", with: "-")
        let all = try ["doctor", "reload", "rollout"].reduce(into: help) { all, name in
            all.formUnion(options(try reloadtop([name, "--help"], environment: environment).output))
        }
        let hidden: Set<String> = ["--generate-completion-script"]
        #expect(options(page).symmetricDifference(all) == hidden)
    }

    // MARK: Views

    @Test func theDoctorsViewShowsWhatToMend() throws {
        let port = try FreePort.find()
        let proxy = try RunningProxy(.haproxy) { folder in
            configuration(folder, port) { $0.replacing("    hard-stop-after 30m\n", with: "") }
        }
        let terminal = try terminal(
            [try Program.ours("reloadtop"), "--master-socket", proxy.masterSocket])
        try terminal.wait(forText: "● serving")
        try terminal.type("8")
        try terminal.wait(for: "the finding and its lines") { rows in
            rows.contains { $0.contains("! warning") && $0.contains("hard-stop-after is not set") }
                && rows.contains { $0.contains("hard-stop-after 30m") }
        }
        try terminal.press("Down", toSee: "mworker-max-reloads 20")
        try terminal.resize(columns: 40, rows: 9)
        try terminal.wait(forText: "warning")
    }

    @Test(arguments: ProxyKind.allCases)
    func theDiffShowsWhatAReloadChanged(_ kind: ProxyKind) throws {
        let watched = try Watched(kind)
        let terminal = try watched.terminal(["--threshold", "drift-after=0"])
        try terminal.wait(forText: "● serving")
        try terminal.type("4")
        try terminal.wait(forText: "nothing was reloaded since reloadtop came")
        let text = Watched.configuration(port: watched.port)
        // mwproxy has no users.
        let secret = kind == .haproxy ? "userlist u\n    user bob insecure-password secret\n" : ""
        try watched.proxy.configure(
            text.replacing("hard-stop-after 60s", with: "hard-stop-after 90s")
                + secret)
        try terminal.wait(forText: "the file on disk is not what runs")
        try terminal.wait(forText: "NOT LOADED")
        try terminal.wait(for: "the change") { rows in
            rows.contains { $0.contains("-     hard-stop-after 60s") }
                && rows.contains { $0.contains("+     hard-stop-after 90s") }
                && (secret.isEmpty || rows.contains { $0.contains("insecure-password <hidden>") })
        }
        try watched.proxy.reload()
        try terminal.wait(forText: "ok reload #1")
        let screen = try terminal.wait(forText: "+     hard-stop-after 90s")
        #expect(!screen.contains { $0.contains("secret") })
    }

    // MARK: Installation

    @Test func installingPutsEverythingInItsPlace() throws {
        let folder = try ScratchFolder()
        let program = try Program.ours("reloadtop")
        let binaries = String(program.dropLast("/reloadtop".count))
        let make = try Program.run(
            try Program.system("make"),
            [
                "-C", Program.packageRoot, "install", "DESTDIR=\(folder.path)", "PREFIX=/usr",
                "BINARIES=\(binaries)",
            ], environment: ["MAKEFLAGS": nil, "MAKELEVEL": nil], atMost: .seconds(60))
        #expect(make.end == .exited(0), "\(make.errors)")
        for file in [
            "bin/reloadtop", "bin/mwproxy", "share/man/man1/reloadtop.1", "share/man/man1/mwproxy.1",
            "share/bash-completion/completions/reloadtop", "share/zsh/site-functions/_reloadtop",
            "share/fish/vendor_completions.d/reloadtop.fish",
        ] {
            let isThere = access("\(folder.path)/usr/\(file)", R_OK) == 0
            #expect(isThere, "\(file)")
        }
        let installed = folder.file("usr/bin/reloadtop")
        #expect(try Program.run(installed, ["--version"]).output.hasPrefix("reloadtop "))
        let completions = try File.readText(folder.file("usr/share/bash-completion/completions/reloadtop"))
        #expect(completions.contains("doctor") && completions.contains("--stack-limit"))
    }
}
