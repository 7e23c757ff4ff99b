// Whom a process that has started asks for entries.

import StickTables
import Testing

@testable import PeersProtocol

struct ResyncTests {
    @Test func theFirstPeerIsAskedOnce() {
        var resync = Resync(now: start)
        #expect(resync.nextTeacher(among: [], now: start) == nil)
        #expect(resync.nextTeacher(among: [2, 3], now: start) == 2)
        #expect(resync.nextTeacher(among: [2, 3], now: start) == nil)
        resync.ended(by: 2, isPartial: false, now: start)
        #expect(resync.isFinished)
        #expect(resync.outcome == .fromPeer)
    }

    @Test func afterAPartialLessonTheNextIsAsked() {
        var resync = Resync(now: start)
        _ = resync.nextTeacher(among: [0, 1], now: start)
        resync.ended(by: 0, isPartial: true, now: start)
        #expect(resync.nextTeacher(among: [0, 1], now: start) == 1)
        resync.lost(1)
        #expect(resync.nextTeacher(among: [0], now: start) == nil)
        #expect(resync.clock(now: tick(4999)) == nil)
        #expect(!resync.isFinished)
        _ = resync.clock(now: tick(5000))
        #expect(resync.outcome == .timedOut)
    }

    @Test func aTeacherThatSpeaksIsWaitedFor() {
        var resync = Resync(now: start)
        _ = resync.nextTeacher(among: [0], now: start)
        resync.heard(0, now: tick(4000))
        #expect(resync.clock(now: tick(6000)) == nil)
        #expect(!resync.isFinished)
        #expect(resync.clock(now: tick(9000)) == 0)
        #expect(resync.isFinished)
    }

    @Test func whoHasAPredecessorAsksNobody() {
        var resync = Resync(now: start)
        resync.learnedFromPredecessor()
        #expect(resync.nextTeacher(among: [0], now: start) == nil)
    }
}
