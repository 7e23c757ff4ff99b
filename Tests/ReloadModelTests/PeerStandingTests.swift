// Peers as `show peers` tells of them, in the words of 2.6 and of 3.5.

import Testing

@testable import ReloadModel

@Suite struct PeerStandingTests {
    private static let reply = """
        0x1: [22/Nov/2026:22:21:20] id=mp disabled=0 flags=0x6891 resync_timeout=0s task_calls=11
          0x2: id=gone(remote,active) addr=127.0.0.1:7343 last_status=CONN last_hdshk=<NEVER>
                reconnect=3s heartbeat=<NEVER> confirm=0 tx_hbt=0 rx_hbt=0 no_hbt=0 new_conn=1 proto_err=0 coll=0
                flags=0x0
                shared tables:
                  0x3 local_id=2 remote_id=0 flags=0x0 remote_data=0x0
                      last_acked=0 last_pushed=0 last_get=0 teaching_origin=0 update=0
                      table:0x4 id=clients update=2 localupdate=2 commitupdate=2 refcnt=1
          0x5: id=B(remote,active) addr=127.0.0.1:7342 app_state=RUNNING learn_state=NOTASSIGNED last_status=ESTA last_hdshk=4s
                reconnect=<PAST> heartbeat=1s confirm=0 tx_hbt=1 rx_hbt=1 no_hbt=0 new_conn=1 proto_err=0 coll=1
                flags=0x20000200 appctx:0x6 st0=7 st1=0 task_calls=8 state=EST
                xprt=RAW src=127.0.0.1:48190 addr=127.0.0.1:7341
                remote_table:0x7 id=clients local_id=2 remote_id=2
                shared tables:
                  0x7 local_id=2 remote_id=2 flags=0x0 remote_data=0x80404
                      last_acked=0 last_pushed=4294967295 last_get=0 teaching_origin=0 update=2
                      table:0x4 id=clients update=2 localupdate=2 commitupdate=2 refcnt=1
                  0x8 local_id=1 remote_id=1 flags=0x0 remote_data=0x4
                      last_acked=0 last_pushed=5 last_get=0 teaching_origin=0 update=0
                      table:0x9 id=mp/t2 update=5 localupdate=5 refcnt=1
          0xa: id=A(local,inactive) addr=127.0.0.1:7341 last_status=NONE last_hdshk=<NEVER>
                reconnect=<NEVER> heartbeat=<NEVER> confirm=0 tx_hbt=0 rx_hbt=0 no_hbt=0 new_conn=0 proto_err=0 coll=0
        """

    @Test func namesStatesAndLags() throws {
        let peers = PeerStanding.read(Self.reply.split(separator: "\n").map(String.init))
        #expect(peers.map(\.name) == ["gone", "B", "A"])
        #expect(peers.map(\.section) == ["mp", "mp", "mp"])
        #expect(peers.map(\.isLocal) == [false, false, true])
        #expect(peers.map(\.isConnected) == [false, true, false])
        #expect(peers.map(\.status) == ["CONN", "ESTA", "NONE"])
        #expect(peers.map(\.greeted) == [nil, "4s", nil])
        #expect(peers.map(\.callsAgain) == ["3s", nil, nil])
        // The numbers of changes go round.
        #expect(peers[1].lags == [.init(table: "clients", changes: 3)])
        #expect(peers.map(\.changesBehind) == [nil, 3, nil])
    }

    @Test func whatIsNoReplyHasNoPeers() {
        #expect(PeerStanding.read([]).isEmpty)
        #expect(
            PeerStanding.read(["No such peers", "id=x", "localupdate=3", "last_status=ESTA id=broken"])
                .isEmpty)
    }
}
