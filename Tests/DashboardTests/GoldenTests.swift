// Whole screens, as a person sees them. A change of the design changes these, and is looked at.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct GoldenTests {
    private func expect(
        _ state: State, is golden: String, location: SourceLocation = #_sourceLocation
    ) {
        let drawn = view(state).text
        #expect(drawn == golden, "drawn:\n\(drawn)", sourceLocation: location)
    }

    @Test func everyStateAt80x24() {
        expect(
            Fixture.state(Fixture.busy),
            is: """
                 reloadtop  haproxy 2.6.12  master 7459  up 4d02h         LIVE 1s  10:24:31 UTC
                  ▲ STACKING  5 draining > limit 4, oldest 31m02s, 62 connections, 57.8M
                  ▲ RELOAD FAILED  20m00s ago: edge.cfg:29: unknown keyword 'bogus'; gen 26
                                   serves on
                  ▲ HELD  worker 11117 (gen 9) has no client; an admin session of hato… +1 more
                 Reloads 29   ✓ 2 ok   ✗ 1 failed   2/h   last ✓ ok 4m22s ago in 41ms
                 PROCESS          GEN STATE         AGE CONN  Δ/s   MEM CPU% KILL IN KEPT BY
                 ▼  7459 master    29             4d02h            4.6M  0.1
                 ├ 20193 worker    29 ● serving   4m22s  812  +14 88.0M  3.1       –
                 ├ 20377 worker    30 ◔ starting     0s    0    0  9.5M 97.0       –
                 ├ 18970 [was: 1]  25 ◐ draining  5m39s   31   -2 24.5M  0.0  24m21s 31 clients
                 ├ 11117 [was: 1]   9 ◌ HELD      9m06s    0    0  8.4M  0.0  20m54s admin CLI
                 │   kept by admin session hatop (pid 12186), not by a client
                 └  7882 [was: 1]   3 ✗ OVERDUE  31m02s    1    0  8.4M 99.4  -1m02s 1 client
                ─ Connections by generation ───────────────────────────────────────── last 53s ─
                  29 ●    812                                                      ▇ peak 812
                  30 ◔      0                                                      ▁ peak 0
                  25 ◐     31                                                      ▇ peak 31
                  2 more, 1 connection
                ─ Events ───────────────────────────────────────────────────────────────────────
                 10:23:29 ✗ worker 7882 (gen 3) is past its hard-stop-after by 0s
                 10:24:19 · [NOTICE]   (7459) : New worker (20377) forked
                 10:24:20 ! [WARNING]  (18970) : Proxy ^[[31mweb<202e> stopped
                 ? help  / filter  s sort  t fold  Space pause  Enter detail  Tab panel  q quit
                """)
    }

    @Test func asciiAt80x24() {
        expect(
            Fixture.state(Fixture.busy, 80, 24, .ascii),
            is: #"""
                 reloadtop  haproxy 2.6.12  master 7459  up 4d02h         LIVE 1s  10:24:31 UTC
                  !! STACKING  5 draining > limit 4, oldest 31m02s, 62 connections, 57.8M
                  !! RELOAD FAILED  20m00s ago: edge.cfg:29: unknown keyword 'bogus'; gen 26
                                   serves on
                  !! HELD  worker 11117 (gen 9) has no client; an admin session of hat~ +1 more
                 Reloads 29   + 2 ok   x 1 failed   2/h   last + ok 4m22s ago in 41ms
                 PROCESS          GEN STATE         AGE CONN +-/s   MEM CPU% KILL IN KEPT BY
                 v  7459 master    29             4d02h            4.6M  0.1
                 |-20193 worker    29 * serving   4m22s  812  +14 88.0M  3.1       -
                 |-20377 worker    30 + starting     0s    0    0  9.5M 97.0       -
                 |-18970 [was: 1]  25 ~ draining  5m39s   31   -2 24.5M  0.0  24m21s 31 clients
                 |-11117 [was: 1]   9 o HELD      9m06s    0    0  8.4M  0.0  20m54s admin CLI
                 |   kept by admin session hatop (pid 12186), not by a client
                 `- 7882 [was: 1]   3 X OVERDUE  31m02s    1    0  8.4M 99.4  -1m02s 1 client
                - Connections by generation ----------------------------------------- last 53s -
                  29 *    812                                                      # peak 812
                  30 +      0                                                      _ peak 0
                  25 ~     31                                                      # peak 31
                  2 more, 1 connection
                - Events -----------------------------------------------------------------------
                 10:23:29 x worker 7882 (gen 3) is past its hard-stop-after by 0s
                 10:24:19 . [NOTICE]   (7459) : New worker (20377) forked
                 10:24:20 ! [WARNING]  (18970) : Proxy ^[[31mweb<202e> stopped
                 ? help  / filter  s sort  t fold  Space pause  Enter detail  Tab panel  q quit
                """#)
    }

    @Test func detailOfAHeldWorker() {
        var state = Fixture.state(Fixture.busy)
        state.press(.end, .up, .enter)
        expect(
            state,
            is: """
                 reloadtop  haproxy 2.6.12  master 7459  up 4d02h         LIVE 1s  10:24:31 UTC
                  ▲ STACKING  5 draining > limit 4, oldest 31m02s, 62 connections, 57.8M
                  ▲ RELOAD FAILED  20m00s ago: edge.cfg:29: unknown keyword 'bogus'; gen 26
                                   serves on
                  ▲ HELD  worker 11117 (gen 9) has no client; an admin session of hato… +1 more
                 Reloads 29   ✓ 2 ok   ✗ 1 failed   2/h   last ✓ ok 4m22s ago in 41ms
                 PROCESS 1-6/7    GEN STATE         AGE CONN  Δ/s   MEM CPU% KILL IN KEPT BY
                 ▼  7459 master    29             4d02h            4.6M  0.1
                 ├ 20193 worker    29 ● serving   4m22s  812  +14 88.0M  3.1       –
                 ├ 20377 worker    30 ◔ starting     0s    0    0  9.5M 97.0       –
                 ├ 18970 [was: 1]  25 ◐ draining  5m39s   31   -2 24.5M  0.0  24m21s 31 clients
                 ├ 11117 [was: 1]   9 ◌ HELD      9m06s    0    0  8.4M  0.0  20m54s admin CLI
                ─ Worker 11117 ────────────────────────────────────────────────── Enter closes ─
                  state         ◌ HELD: has no client left, but something keeps it
                  kept by       admin session hatop (pid 12186)
                  hard stop     in 20m54s
                  generation    9, started by load attempt 9, relative process [was: 1]
                  connections   0, 0 a second, peak 0 seen
                  age           9m06s
                  memory PSS    8.4M, shared pages divided among their users
                  memory RSS    16.8M, shared pages counted in full
                  CPU           0.0 % of one processor

                 ? help  / filter  s sort  t fold  Space pause  Enter close  Tab panel  q quit
                """)
    }

    @Test func reloadsInTheMiddle() {
        var state = Fixture.state(Fixture.busy)
        state.press(.tab)
        expect(
            state,
            is: """
                 reloadtop  haproxy 2.6.12  master 7459  up 4d02h         LIVE 1s  10:24:31 UTC
                  ▲ STACKING  5 draining > limit 4, oldest 31m02s, 62 connections, 57.8M
                  ▲ RELOAD FAILED  20m00s ago: edge.cfg:29: unknown keyword 'bogus'; gen 26
                                   serves on
                  ▲ HELD  worker 11117 (gen 9) has no client; an admin session of hato… +1 more
                 Reloads 29   ✓ 2 ok   ✗ 1 failed   2/h   last ✓ ok 4m22s ago in 41ms
                 PROCESS 1-5/7    GEN STATE         AGE CONN  Δ/s   MEM CPU% KILL IN KEPT BY
                 ▼  7459 master    29             4d02h            4.6M  0.1
                 ├ 20193 worker    29 ● serving   4m22s  812  +14 88.0M  3.1       –
                 ├ 20377 worker    30 ◔ starting     0s    0    0  9.5M 97.0       –
                 ├ 18970 [was: 1]  25 ◐ draining  5m39s   31   -2 24.5M  0.0  24m21s 31 clients
                 ├ 11117 [was: 1]   9 ◌ HELD      9m06s    0    0  8.4M  0.0  20m54s admin CLI
                ─ Reloads ───────────────────────────────────────────────────────── 3 attempts ─
                 10:20:09 #29 ✓ ok        41ms  by kill (pid 911, uid 0)                 events
                 10:04:31 #27 ✗ failed    38ms  edge.cfg:29: unknown keyword 'bogus'  …  events
                 08:24:31 #26 ✓ ok        44ms                                          journal
                ─ Events ───────────────────────────────────────────────────────────────────────
                 10:23:29 ✗ worker 7882 (gen 3) is past its hard-stop-after by 0s
                 10:24:19 · [NOTICE]   (7459) : New worker (20377) forked
                 10:24:20 ! [WARNING]  (18970) : Proxy ^[[31mweb<202e> stopped



                 ? help  / filter  s sort  t fold  Space pause  Enter detail  Tab panel  q quit
                """)
    }

    @Test func panelsSideBySideAt120x30() {
        expect(
            Fixture.state(Fixture.busy, 120, 30),
            is: """
                 reloadtop  haproxy 2.6.12  master 7459  up 4d02h  socket /run/haproxy-master.sock                LIVE 1s  10:24:31 UTC
                  ▲ STACKING  5 draining > limit 4, oldest 31m02s, 62 connections, 57.8M
                  ▲ RELOAD FAILED  20m00s ago: edge.cfg:29: unknown keyword 'bogus'; gen 26 serves on
                  ▲ HELD  worker 11117 (gen 9) has no client; an admin session of hatop keeps it
                 Reloads 29   ✓ 2 ok   ✗ 1 failed   ? 26 unseen   2/h   last ✓ ok 4m22s ago in 41ms
                 PROCESS          GEN STATE         AGE CONN  Δ/s   MEM CPU% KILL IN KEPT BY
                 ▼  7459 master    29             4d02h            4.6M  0.1
                 ├ 20193 worker    29 ● serving   4m22s  812  +14 88.0M  3.1       –
                 ├ 20377 worker    30 ◔ starting     0s    0    0  9.5M 97.0       –
                 ├ 18970 [was: 1]  25 ◐ draining  5m39s   31   -2 24.5M  0.0  24m21s 31 clients
                 ├ 11117 [was: 1]   9 ◌ HELD      9m06s    0    0  8.4M  0.0  20m54s admin session hatop (pid 12186)
                 └  7882 [was: 1]   3 ✗ OVERDUE  31m02s    1    0  8.4M 99.4  -1m02s 1 client
                ─ Connections by generation ─────────────── last 27s ─┬─ Reloads ────────────────────────────────────────── 3 attempts ─
                  29 ●    812                            ▇ peak 812   │ 10:20:09 #29 ✓ ok        41ms  by kill (pid 911, uid 0)  events
                  30 ◔      0                            ▁ peak 0     │ 10:04:31 #27 ✗ failed    38ms  edge.cfg:29: unknown ke…  events
                  25 ◐     31                            ▇ peak 31    │ 08:24:31 #26 ✓ ok        44ms                           journal
                   9 ◌      0                            ▁ peak 0     │
                   3 ✗      1                            ▇ peak 1     │
                ─ Events ─────────────────────────────────────────────┴─────────────────────────────────────────────────────────────────
                 10:23:29 ✗ worker 7882 (gen 3) is past its hard-stop-after by 0s
                 10:24:19 · [NOTICE]   (7459) : New worker (20377) forked                                                       journal
                 10:24:20 ! [WARNING]  (18970) : Proxy ^[[31mweb<202e> stopped                                                  journal







                 ? help  / filter  s sort  t fold  Space pause  Enter detail  Tab panel  q quit
                """)
    }

    @Test func oneLineAWorkerAt50x8() {
        expect(
            Fixture.state(Fixture.busy, 50, 8),
            is: """
                !STACKING 5 draining > limit 4, oldest 31m02s, 62…
                ● serving g29 20193 812c 88.0M
                ◔ starting g30 20377 0c 9.5M
                ◐ draining g25 18970 31c 24.5M kill 24m21s
                ◌ HELD g9 11117 0c 8.4M kill 20m54s
                ✗ OVERDUE g3 7882 1c 8.4M kill -1m02s
                master 7459  reloads 29

                """)
    }

    @Test func filteredAndFoldedWhilePaused() {
        var state = Fixture.state(Fixture.snapshot(Fixture.workers), 80, 14)
        state.press(.character(" "), .character("t"), .character("/"))
        state.type("1")
        _ = update(&state, .clock(Fixture.now + 65_000_000))
        expect(
            state,
            is: """
                 reloadtop  haproxy 2.6.12  master 7459         PAUSED 1m05s ago   10:25:36 UTC
                 Reloads 29   ✓ 0 ok   ✗ 0 failed   ? 29 unseen   0/h
                 PROCESS          GEN STATE         AGE CONN  Δ/s   MEM CPU% KILL IN KEPT BY
                 ▶  7459 master    29             4d02h            4.6M  0.1
                 ├ 20193 worker    29 ● serving   4m22s  812  +14 88.0M  3.1       –
                 └ ▶ 3 old            ✗ OVERDUE  31m02s   32      41.3M       -1m02s
                ─ Connections by generation ───────────────────────────────────────── last 53s ─
                  29 ●    812                                                      ▇ peak 812
                  30 ◔      0                                                      ▁ peak 0
                  3 more, 32 connections
                ─ Events ───────────────────────────────────────────────────────────────────────
                  nothing has happened yet

                 Filter workers  1                                      Enter keeps  Esc clears
                """)
    }

    @Test func helpAt80x24() {
        var state = Fixture.state(Fixture.busy, demo: true)
        state.press(.function(1))
        expect(
            state,
            is: """
                 reloadtop   DEMO   haproxy 2.6.12  master 7459  up 4d02h LIVE 1s  10:24:31 UTC

                  KEYS                                   STATES
                  arrows     move; also h j k l          ● serving  takes new connections
                  g G        first, last; Home, End      ◔ starting loads its configuration
                  PgUp PgDn  a page                      ◐ draining old: serves what it has
                  Tab        next panel; or click        ◌ HELD     old, kept by no client
                  Enter      all about a process         ✗ OVERDUE  past its hard-stop-after
                  /          filter the panel's rows
                  s          sort; or click on a column  COLUMNS
                  t          fold the old workers        [was: N]   old: relative number
                  Space      pause, go on                GEN        attempt that started it
                  + -        slower, faster              CONN       connections of clients
                  Ctrl-L     draw the screen again       MEM        PSS: shared pages divided
                  Esc        leave help, clear filter    KILL IN    until hard-stop-after
                  R          reload the demo's proxy     KEPT BY    who keeps an old worker
                  ? F1       this help                   ?          not known; Enter says why
                  q F10      quit





                 Esc back  q quit
                """)
    }
}
