// Replies as HAProxy 2.6.12 gives them, joined in one connection; log lines with and without a time.

import Glibc
import Observing
import Testing

@Suite struct ReplyTests {
    // Shortened from captures of 2.6.12: a serving worker with a held admin session, and a draining one.
    private let joined = """
        Name: HAProxy
        Version: 2.6.12-1+deb12u4
        Pid: 21132
        CurrConns: 0
        node: vm
        Stopping: 0
        Jobs: 5
        Unstoppable Jobs: 1
        Listeners: 3
        ConnectedPeers: 0
        TotalSplicdedBytesOut: 0

        Name: HAProxy
        Pid: 13868
        CurrConns: 3
        Stopping: 1
        Jobs: 5
        Unstoppable Jobs: 1
        Listeners: 1
        ConnectedPeers: 0


        """

    @Test func joinedAnswersAreToldApart() throws {
        let infos = ProxyReplies.infos(in: joined)
        #expect(infos.keys.sorted() == [13868, 21132])
        let serving = try #require(infos[21132])
        #expect(!serving.isStopping)
        #expect(serving.otherSessions == 1)
        #expect(serving.version == "2.6.12-1+deb12u4")
        let old = try #require(infos[13868])
        #expect(old.isStopping)
        #expect(old.currentConnections == 3)
        #expect(old.otherSessions == 0)
    }

    @Test func anAnswerThatIsCutShortDoesNotCount() {
        let cut = String(joined.prefix(joined.count - 110))
        #expect(ProxyReplies.infos(in: cut).keys.sorted() == [21132])
        #expect(ProxyReplies.infos(in: "Can't find the target PID matching the prefix '@!999999'\n").isEmpty)
    }

    @Test func adminSocketsAreListed() {
        let text =
            "# socket lvl processes\nunix@/srv/lb/admin.sock admin all\nabns@x user all\nsockpair@4 admin all\n\n"
        #expect(ProxyReplies.adminPaths(in: text) == ["/srv/lb/admin.sock", "@x"])
    }

    @Test func timesInFrontOfALineAreRead() {
        let line = TimedLine(
            "2026-11-22T10:33:38.250000+01:00 lb haproxy[2364]: [NOTICE]   (2364) : Loading success.")
        #expect(line.at == 1_795_340_018_250_000)
        #expect(line.text == "[NOTICE]   (2364) : Loading success.")
        let utc = TimedLine("2026-11-22T09:33:38Z lb haproxy[2364]: x")
        #expect(utc.at == 1_795_340_018_000_000)
        let bare = TimedLine("[ALERT]    (2364) : config : bad")
        #expect(bare.at == nil)
        #expect(bare.text == "[ALERT]    (2364) : config : bad")
    }

    @Test func syslogTimesAreLocalAndOfTheLastYear() {
        setenv("TZ", "UTC", 1)
        tzset()
        let now: Int64 = 1_795_340_018_000_000
        #expect(TimedLine("Nov 22 09:33:38 lb haproxy[2364]: x", now: now).at == now)
        #expect(TimedLine("Dec  1 00:00:00 lb haproxy[2364]: x", now: now).at == 1_764_547_200_000_000)
    }
}
