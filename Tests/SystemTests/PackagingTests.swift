// What `make install` puts somewhere, `make uninstall` takes away; and whoever reads the manual or completes a command
// finds every option.

import Glibc
import TestSupport
import Testing
import Unix

extension OperatorSystemTests {
    @Suite struct Packaging {
        private static let root = TestSupport.Program.packageRoot

        /// `make install`'s script, with what must be there for both programs.
        private struct House {
            let folder: ScratchFolder
            var tree: String { folder.file("tree") }

            init() throws {
                folder = try ScratchFolder("install-")
                mkdir(folder.file("bin"), 0o700)
                for name in ["reloadtop", "mwproxy"] {
                    let program = try #require(realpath(try TestSupport.Program.ours(name), nil))
                    defer { free(program) }
                    symlink(String(cString: program), folder.file("bin/\(name)"))
                }
            }

            func make(_ action: String) throws -> TestSupport.Program.Completed {
                try TestSupport.Program.run(
                    "/usr/bin/make",
                    [
                        "-s", "-C", Packaging.root, action, "DESTDIR=\(tree)", "PREFIX=/opt/here",
                        "BINARIES=\(folder.file("bin"))",
                    ],
                    // Not the words of the make that runs the tests.
                    environment: ["MAKEFLAGS": nil, "MFLAGS": nil, "MAKELEVEL": nil])
            }

            /// Every file and every folder of the programs' own, below the tree.
            func found() throws -> [String] {
                let list = try TestSupport.Program.shell(
                    "cd '\(tree)' && find . ! -type d -o -name 'mwproxy*' -o -name 'reloadtop*' | sort")
                return list.output.split(separator: "\n").map { String($0.dropFirst(2)) }
            }
        }

        @Test func uninstallTakesAwayWhatInstallPutThere() throws {
            let house = try House()
            let first = try house.make("install")
            #expect(first.end == .exited(0) && first.errors.isEmpty, "\(first.errors)")
            let files = try house.found()
            for file in [
                "etc/default/mwproxy", "etc/mwproxy/mwproxy.cfg", "opt/here/bin/mwproxy",
                "opt/here/bin/reloadtop",
                "opt/here/lib/systemd/system/mwproxy.service", "opt/here/lib/sysusers.d/mwproxy.conf",
                "opt/here/share/bash-completion/completions/mwproxy",
                "opt/here/share/bash-completion/completions/reloadtop", "opt/here/share/doc/mwproxy/LICENSE",
                "opt/here/share/doc/mwproxy/reload.md", "opt/here/share/doc/reloadtop/runbook.md",
                "opt/here/share/fish/vendor_completions.d/mwproxy.fish", "opt/here/share/man/man1/mwproxy.1",
                "opt/here/share/man/man1/reloadtop.1", "opt/here/share/zsh/site-functions/_mwproxy",
            ] {
                #expect(files.contains(file), "\(files)")
            }
            let unit = try File.readText(house.tree + "/opt/here/lib/systemd/system/mwproxy.service")
            #expect(unit.contains("ExecStart=/opt/here/bin/mwproxy ") && !unit.contains("/usr/bin/mwproxy"))

            // What somebody has changed is neither written over nor removed, and both say so.
            let changed = house.tree + "/etc/mwproxy/mwproxy.cfg"
            try File.write(changed, "global\n")
            let second = try house.make("install")
            #expect(second.end == .exited(0) && second.errors.contains("kept \(changed)"))
            let left = try house.make("uninstall")
            #expect(left.end == .exited(0) && left.errors.contains("left \(changed)"))
            #expect(try house.found() == ["etc/mwproxy", "etc/mwproxy/mwproxy.cfg"])

            unlink(changed)
            #expect(try house.make("install").end == .exited(0))
            #expect(try house.found() == files)
            let last = try house.make("uninstall")
            #expect(last.end == .exited(0) && last.errors.isEmpty, "\(last.errors)")
            #expect(try house.found().isEmpty)
        }

        /// Every option that mwproxy tells of is in its manual page and in every completion.
        @Test func theManualAndTheCompletionsKnowMwproxysOptions() throws {
            let usage = try TestSupport.Program.run(try TestSupport.Program.ours("mwproxy"), ["-h"]).errors
            let ignored: Set<Substring> = [
                "-dM", "-dL", "-dK", "-dr", "-dV", "-dD", "-dS", "-dG", "-de", "-dp", "-m", "-N",
            ]
            let options = Set(usage.matches(of: #/(?:^|\s)(-[A-Za-z]+)\b/#).map(\.1)).subtracting(ignored)
                .filter { !$0.hasPrefix("-vd") }
            #expect(options.count > 15)
            let page = try File.readText(Self.root + "/docs/man/mwproxy.1")
            let bash = try File.readText(Self.root + "/packaging/completions/mwproxy.bash")
            let zsh = try File.readText(Self.root + "/packaging/completions/mwproxy.zsh")
            let fish = try File.readText(Self.root + "/packaging/completions/mwproxy.fish")
            for option in options {
                let name = option.dropFirst()
                #expect(page.contains("\\-\(name)"), "mwproxy.1: \(option)")
                #expect(bash.contains(" \(option) "), "mwproxy.bash: \(option)")
                #expect(zsh.contains("\(option)["), "mwproxy.zsh: \(option)")
                #expect(fish.contains(" -o \(name) "), "mwproxy.fish: \(option)")
            }
        }

        /// Every subcommand of reloadtop and every option of each is in its manual page.
        @Test func theManualKnowsReloadtopsOptions() throws {
            let program = try TestSupport.Program.ours("reloadtop")
            let page = try File.readText(Self.root + "/docs/man/reloadtop.1")
            let help = try TestSupport.Program.run(program, ["--help"]).output
            let commands = help.matches(of: #/\n  ([a-z]+) /#).map { String($0.1) }
            #expect(commands.contains("reload") && commands.contains("doctor"))
            for command in [""] + commands where command != "help" {
                if !command.isEmpty { #expect(page.contains("reloadtop \(command)"), "\(command)") }
                let own = try TestSupport.Program.run(
                    program, (command.isEmpty ? [] : [command]) + ["--help"])
                for option in Set(own.output.matches(of: #/--([a-z][a-z-]+)/#).map(\.1)) {
                    let escaped = option.split(separator: "-").joined(separator: "\\-")
                    #expect(page.contains("\\-\\-\(escaped)"), "reloadtop.1: \(command) --\(option)")
                }
            }
        }
    }
}
