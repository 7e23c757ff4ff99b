// HAProxy's command line and exit codes, on the parser and on the real binary.

import TestSupport
import Testing
import Unix

@testable import mwproxy

@Suite struct CommandLineTests {
    @Test func everyOptionOfTheField() throws {
        let options = try CommandLineOptions(
            [
                "-Ws", "-S", "/run/m.sock,mode,600", "-f", "/etc/a.cfg", "-f", "/etc/conf.d", "-p",
                "/run/p.pid",
                "-n", "500", "-L", "peer1", "-C", "/etc", "-D", "-q", "-V", "-dM", "-dMfail", "-dL", "-dr",
                "-dW",
                "-m", "100", "-x", "/run/s", "-sf", "12", "13", "-db", "--", "b.cfg", "c.cfg",
            ])
        #expect(options.files == ["/etc/a.cfg", "/etc/conf.d", "b.cfg", "c.cfg"])
        #expect(options.isMasterWorker && options.notifies && options.isDaemon && options.isQuiet)
        #expect(options.staysInForeground && options.failsOnWarnings)
        #expect(options.masterSockets == ["/run/m.sock,mode,600"])
        #expect(options.pidFile == "/run/p.pid")
        #expect(options.maxconn == 500)
        #expect(options.localPeer == "peer1")
        #expect(options.directory == "/etc")
        #expect(options.warnings.count == 1)
        #expect(options.socketSource == "/run/s")
        #expect(options.predecessors.pids == [12, 13] && options.predecessors.farewell == .finish)
    }

    @Test func oldProcessesAreThoseUpToTheNextOption() throws {
        let options = try CommandLineOptions(["-st", "7", "8\n", "-f", "a.cfg", "-sf"])
        #expect(options.predecessors.pids == [7, 8] && options.predecessors.farewell == .finish)
        #expect(options.files == ["a.cfg"])
        for (word, isAlert) in [("12x", true), ("12 13", true), ("abc", true), ("0", false), ("", false)] {
            let fault = #expect(throws: CommandLineOptions.Fault.self) {
                try CommandLineOptions(["-f", "a.cfg", "-sf", word])
            }
            #expect(fault?.isAlert == isAlert, "\(word)")
        }
        #expect(throws: CommandLineOptions.Fault.self) { try CommandLineOptions(["-x", "-sf", "1"]) }
    }

    @Test(arguments: [["-Z"], ["-f"], ["-h"], [], ["-n", "x", "-f", "a"], ["-dq"], ["file.cfg"]])
    func wrongOptionsAreFaults(_ arguments: [String]) {
        #expect(throws: CommandLineOptions.Fault.self) { try CommandLineOptions(arguments) }
    }

    @Test func aReloadNeedsTheMastersSocketAndNoFile() throws {
        let options = try CommandLineOptions(["-R", "-q", "-S", "/run/m.sock"])
        #expect(options.task == .reload && options.isQuiet)
        #expect(throws: CommandLineOptions.Fault.self) { try CommandLineOptions(["-R", "-f", "a.cfg"]) }
    }

    @Test func theBinarysExitCodes() throws {
        let folder = try ScratchFolder()
        let program = try Program.ours("mwproxy")
        let good = """
            defaults
                mode http
                timeout client 1s
                timeout server 1s
                timeout connect 1s
            frontend f
                bind 127.0.0.1:\(try freePort())
                http-request return status 200

            """
        try folder.write("good.cfg", good)
        try folder.write("bad.cfg", good.replacingFirst("mode http", "mode htttp"))
        try folder.write("none.cfg", "defaults\n    mode http\n")
        let checked = try Program.run(program, ["-c", "-f", folder.file("good.cfg")])
        #expect(checked.end == .exited(0))
        #expect(checked.line == "Configuration file is valid")
        #expect(try Program.run(program, ["-c", "-q", "-f", folder.file("good.cfg")]).output == "")
        let bad = try Program.run(program, ["-c", "-f", folder.file("bad.cfg")])
        #expect(bad.end == .exited(1))
        #expect(bad.errors.contains("[ALERT]    ("))
        #expect(bad.errors.contains("mwproxy version is"))
        let none = try Program.run(program, ["-c", "-f", folder.file("none.cfg")])
        #expect(none.end == .exited(2))
        #expect(
            none.line == "Configuration file has no error but will not start (no listener) => exit(2).")
        #expect(try Program.run(program, ["-W", "-f", folder.file("none.cfg")]).end == .exited(2))
        let wrong = try Program.run(program, ["-Z"])
        #expect(wrong.end == .exited(1))
        #expect(wrong.errors.contains("Usage : mwproxy [-f <cfgfile|cfgdir>]*"))
        let version = try Program.run(program, ["-vv"])
        #expect(version.end == .exited(0))
        #expect(version.output.split(separator: " ")[1...2] == ["version", "0.1.0"])
    }
}

extension String {
    fileprivate func replacingFirst(_ old: String, _ new: String) -> String {
        guard let rest = components(after: old).first else { return self }
        return String(prefix(count - rest.count - old.count)) + new + rest
    }
}
