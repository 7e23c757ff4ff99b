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
}
