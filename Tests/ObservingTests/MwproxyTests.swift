// The observer on mwproxy, which tells of its reloads itself.

import Glibc
import Observing
import ReloadModel
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct MwproxyTests {
    @Test func itsOwnLogTellsAuthorDurationAndDeadline() throws {
        let watched = try WatchedProxy(.mwproxy, global: "hard-stop-after 1h")
        let clients = try watched.connect(3)
        watched.proxy.program.signal(SIGUSR2)
        let snapshot = try watched.look(for: "one draining worker") { snapshot in
            snapshot.workers.map(\.state) == [.serving, .draining]
                && snapshot.reloads.last?.result == .success && snapshot.reloads.last?.source == .showReloads
        }
        #expect(snapshot.proxy.program == .mwproxy)
        #expect(snapshot.workers.map(\.generation.value) == [1, 0])
        #expect(snapshot.workers.map(\.connections.value) == [0, 3])
        #expect(snapshot.workers.map(\.was) == [nil, 1])
        let left = try #require(snapshot.workers[1].killIn.value)
        // The successor may become ready in the moment of the look.
        #expect(left > 3500 && left <= 3601)
        #expect(snapshot.reloads.count == 1)
        let author = try #require(snapshot.reloads.last?.author)
        #expect(author.certainty == .seen)
        #expect(author.via == "SIGUSR2")
        #expect(author.chain.last?.pid == getpid())
        #expect(snapshot.reloads.last?.durationMilliseconds.value != nil)
        // Why they stay is told while they do.
        let drain = try watched.look(for: "why its clients stay") { snapshot in
            snapshot.reloads.last?.verdict.drains.first?.moves.value != nil
        }.reloads.last?.verdict.drains.first
        let stayed = ConnectionMoves.Stayed("tune.reload.migrate idle", count: 3)
        #expect(drain?.moves.value == ConnectionMoves(idle: 0, tunnels: 0, stayed: [stayed]))
        // It stays draining: no admin session holds it.
        #expect(try watched.freshLook().workers.map(\.state) == [.serving, .draining])
        withExtendedLifetime(clients) {}
    }

    /// The worker before has nothing left and is gone, and nobody takes what moved for finished or cut.
    @Test func whatMovesIsToldAndCountsWithItsNewWorker() throws {
        let watched = try WatchedProxy(
            .mwproxy, global: "tune.reload.migrate tunnels\n  tune.reload.migrate-after 100ms")
        let clients = try watched.connect(3)
        watched.proxy.program.signal(SIGUSR2)
        let snapshot = try watched.look(for: "the end of the worker before") { snapshot in
            snapshot.workers.map(\.state) == [.serving]
                && snapshot.reloads.last?.verdict.drains.first?.finished.value != nil
        }
        let verdict = try #require(snapshot.reloads.last?.verdict)
        #expect(verdict.moves == ConnectionMoves(idle: 0, tunnels: 3), "\(verdict.drains)")
        #expect(verdict.finished == 0 && verdict.cut == 0)
        #expect(verdict.drains.first?.atReload.value == 3)
        _ = try watched.look(for: "the clients at the new worker") {
            $0.workers.map(\.connections.value) == [3]
        }
        withExtendedLifetime(clients) {}
    }

    @Test func aFailedReloadTellsItsReason() throws {
        let watched = try WatchedProxy(.mwproxy)
        try watched.proxy.configure(watched.goodConfiguration + "  bogus word\n")
        watched.proxy.program.signal(SIGUSR2)
        let snapshot = try watched.look(for: "a failed reload") { snapshot in
            snapshot.reloads.last?.result == .failed && snapshot.reloads.last?.reason != nil
                && snapshot.master.failedReloads.value == 1
                // The master tells the end of what read the file a moment before it is gone.
                && snapshot.workers.map(\.state) == [.serving]
        }
        let record = try #require(snapshot.reloads.last)
        #expect(record.reason?.contains("unknown keyword 'bogus'") == true, "\(record)")
        #expect(snapshot.reloads.last?.reason?.contains("-c") == false)
        #expect(snapshot.alerts.map(\.kind) == [.failedReload])
    }
}
