import ReloadModel
import Testing

@Suite struct ReloadAuthorTests {
    private func author(_ names: [String], _ command: String?) -> ReloadAuthor {
        ReloadAuthor(
            certainty: .likely,
            chain: names.enumerated().map { ProcessLink(pid: Int32(900 + $0.offset), name: $0.element) },
            command: command, via: "SIGUSR2", uid: 1000, user: "alice", terminal: "pts/3")
    }

    @Test func theNearestIsNamedFirst() {
        #expect(
            author(["tmux: server", "bash", "kill"], "kill -USR2 812").nearestFirst(from: "←")
                == "likely: kill ← bash ← tmux: server (uid 1000 alice, pts/3, by SIGUSR2)")
        #expect(
            author(["cron", "python3"], "python3 /opt/deploy.py").nearestFirst(from: "<-")
                == "likely: python3 /opt/deploy.py <- cron (uid 1000 alice, pts/3, by SIGUSR2)")
        #expect(
            author(["sh"], nil).nearestFirst(from: "←")
                == "likely: sh (pid 900, uid 1000 alice, pts/3, by SIGUSR2)")
    }

    @Test func whoIsNotKnownIsNotNamed() {
        #expect(
            ReloadAuthor.unknown("nobody was watching").nearestFirst(from: "←")
                == "unknown: nobody was watching")
        #expect(author([""], nil).nearestFirst(from: "←").hasPrefix("likely: pid 900 ("))
    }

    @Test func whoRestartedIsChosenAmongThoseWhoStarted() {
        func start(_ pid: Int32, _ command: String, at: Int64, under parent: String = "bash") -> ProgramStart
        {
            let name = String(command.split(separator: " ")[0])
            return ProgramStart(
                pid: pid, at: at, chain: [.init(pid: 9, name: parent), .init(pid: pid, name: name)],
                command: command, uid: 0)
        }
        func words(_ starts: [ProgramStart], service: String? = nil, unit: String? = nil) -> String {
            AuthorGuess.restarter(
                starts, at: 10_000_000, gone: 812, next: 900, service: service, unit: unit
            ).words
        }
        let own = start(900, "haproxy -W", at: 9_990_000, under: "restart.sh")
        let ended = start(50, "kill -TERM 812", at: 8_000_000)
        #expect(words([own]) == "restart.sh (pid 9, uid 0) - likely")
        #expect(
            words([ended, start(51, "kill -0 812", at: 9_000_000), own])
                == "bash → kill -TERM 812 (uid 0) - likely")
        #expect(
            words([ended, start(40, "systemctl restart lb", at: 7_000_000), own])
                == "bash → systemctl restart lb (uid 0) - likely")
        let other = start(41, "systemctl restart web", at: 8_000_000)
        #expect(
            words([start(40, "systemctl restart lb", at: 7_000_000), other], service: "lb.service")
                == "bash → systemctl restart lb (uid 0) - likely")
        #expect(words([other], service: "lb.service").hasPrefix("unknown: "))
        #expect(words([start(40, "systemctl reload lb", at: 9_000_000)]).hasPrefix("unknown: "))
        #expect(words([], unit: "systemd (lb.service)") == "systemd (pid 1, by systemd (lb.service)) - seen")
    }
}
