// Which names and words reach ssh, and that the shell of a host takes them apart as they were meant.

import Glibc
import Runbook
import TestSupport
import Testing
import Unix

@testable import Rollout

@Suite struct RemoteWordsTests {
    @Test func namesThatAreMoreThanNamesAreRefused() throws {
        for name in ["a", "a.example.org", "me@a", "me@corp@a", "10.0.0.1", "fe80::1%eth0", "root+x@b_c"] {
            #expect(try FleetHost(name).name == name)
        }
        for name in [
            "", "-oProxyCommand=x", "-l", "me@-oProxyCommand=x", "-x@a", "@a", "me@", "a b", "a;b", "a$(b)",
            "a`b`",
            "a\nb", "a'b", "a/b", "ä", "a\u{1b}[2J", "a|b", "a*",
        ] {
            #expect(throws: FleetHost.Fault.self, "\(name)") { try FleetHost(name) }
        }
        #expect(throws: FleetHost.Fault.self) { try FleetHost.list(["a", "b", "a"]) }
        #expect(throws: FleetHost.Fault.self) { try FleetHost.list([]) }
    }

    @Test func everyShellTakesTheWordsApartAgain() throws {
        let words = [
            "printf", "[%s]\\n", "", "a b", "it's", "back\\slash", "\\'", "$HOME", "`id`", "*", "~", "-x",
            "a\"b", "!x",
            "a;b", "&", "#", "ä€", "%d", "=ls", "{a,b}", "tab\there", "''", "\\",
        ]
        let expected = words.dropFirst(2).map { "[\($0)]\n" }.joined()
        for shell in ["sh", "bash", "zsh", "fish", "tcsh"] {
            guard let path = try? Program.system(shell) else { continue }
            let run = try Program.run(path, ["-c", RemoteShell.line(words)])
            #expect(run.output == expected, "\(shell): \(run.errors)")
        }
    }

    /// Before the word to go on, and in what it starts: ssh would only say that it has ended.
    @Test func aSignalThatEndsItIsToldByTheHostsShell() throws {
        let host = try FleetHost("a")
        let folder = try ScratchFolder()
        var wishes = RolloutWishes(hosts: [host])
        wishes.program = try folder.write("reloadtop", "#!/bin/sh\necho begun\nexec sleep 1000\n")
        chmod(wishes.program, 0o755)
        let line = try #require(RemoteCommand.reload(on: host, wishes, isDry: false).words.last)
        for isReleased in [false, true] {
            let input = folder.file("in \(isReleased)")
            try #require(mkfifo(input, 0o600) == 0)
            let word = Descriptor(owning: open(input, O_RDWR | O_CLOEXEC))
            let shell = try RunningProgram(
                "/bin/sh", ["-c", line], in: folder, name: "\(isReleased)", input: input)
            let process = try wait(for: "the shell's number") {
                shell.output.split(separator: "\n").first { $0.hasPrefix(RemoteCommand.mark) }
                    .flatMap { pid_t($0.dropFirst(RemoteCommand.mark.count)) }
            }
            if isReleased {
                try File.writeAll(word.raw, "go\n".utf8)
                try wait(for: "the program") { shell.output.hasSuffix("begun\n") }
            }
            kill(process, SIGINT)
            #expect(try shell.end() == .exited(130))
            #expect(shell.output.hasSuffix("begun\n") == isReleased)
        }
    }

    @Test func aHostGetsTheSameCommandAndNoQuestion() throws {
        let host = try FleetHost("me@a")
        var wishes = RolloutWishes(hosts: [host])
        wishes.ssh = ["ssh", "-p", "22"]
        wishes.program = "/opt/my tools/reloadtop"
        wishes.usesSudo = true
        wishes.options = ["--wait-peers", "--replace=it's"]
        wishes.content = NewContent(Array("x\n".utf8))
        let words = RemoteCommand.reload(on: host, wishes, isDry: false).words
        #expect(words.starts(with: ["ssh", "-p", "22", "-o", "BatchMode=yes"]))
        #expect(words.dropLast().suffix(2) == ["--", "me@a"])
        let hash = "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac"
        let tail =
            "sudo -n '/opt/my tools/reloadtop' reload --json --yes --wait-peers '--replace=it'\\''s' --sha256 \(hash) -"
        #expect(words.last?.hasSuffix(tail) == true, "\(words.last ?? "")")
        #expect(RemoteCommand.reload(on: host, wishes, isDry: true).words.last?.contains("--yes") == false)
        #expect(RemoteCommand.interrupt(7, on: host, wishes).words.last == "sudo -n kill -s INT 7")
    }
}
