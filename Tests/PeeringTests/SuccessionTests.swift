// Stick tables that go from a worker to the next.

import PeersProtocol
import Polling
import StickTables
import TestSupport
import Testing
import Unix

@testable import Peering

@Suite(.serialized) struct SuccessionTests {
    private final class Lines { var all: [String] = [] }

    private func ends() throws -> (learning: Int32, teaching: Held) {
        let pair = try Socket.streamPair()
        return (try pair.one.duplicate().release(), Held(try pair.other.duplicate()))
    }

    @Test func everythingIsThereBeforeLearnReturns() throws {
        let loop = try EventLoop()
        let (old, new) = (table(size: 100_000), table(size: 100_000))
        for number in 0..<20_000 { old.change(.ip(UInt32(number)), gpc0: UInt64(number), loop) }
        let lines = Lines()
        let teacher = Succession(tables: [old], on: loop) { lines.all.append($0) }
        let pupil = Succession(tables: [new], on: loop) { lines.all.append($0) }
        let (learning, teaching) = try ends()
        try teacher.teach(Descriptor(owning: teaching.take()), all: true)
        #expect(try pupil.learn(from: [(learning, true)]))
        #expect(new.used == 20_000)
        #expect(new.gpc0(.ip(19_999), loop) == 19_999)
        #expect(lines.all.isEmpty)
        // What changes from then on comes as well, to the last word.
        old.change(.ip(5), gpc0: 55_000, loop)
        teacher.finish()
        try loop.run(for: "the last change") { new.gpc0(.ip(5), loop) == 55_000 }
    }

    @Test func aWorkerThatDrainsLowersNoCounter() throws {
        let loop = try EventLoop()
        let (old, new) = (table(), table())
        old.change(.ip(1), gpc0: 10, loop)
        let teacher = Succession(tables: [old], on: loop) { _ in }
        let pupil = Succession(tables: [new], on: loop) { _ in }
        let (learning, teaching) = try ends()
        try teacher.teach(Descriptor(owning: teaching.take()), all: true)
        try pupil.learn(from: [(learning, true)])
        new.change(.ip(1), gpc0: 100, loop)
        old.change(.ip(1), gpc0: 11, loop)
        old.change(.ip(2), gpc0: 1, loop)
        teacher.tell()
        try loop.run(for: "the news") { new.gpc0(.ip(2), loop) == 1 }
        #expect(new.gpc0(.ip(1), loop) == 100)
    }

    @Test func threeWorkersInARow() throws {
        let loop = try EventLoop()
        let tables = [table(), table(), table()]
        let workers = tables.map { Succession(tables: [$0], on: loop) { _ in } }
        tables[0].change(.ip(1), gpc0: 1, loop)
        let first = try ends()
        try workers[0].teach(Descriptor(owning: first.teaching.take()), all: true)
        try workers[1].learn(from: [(first.learning, true)])
        // The first drains and tells the third what changes; the second teaches it everything.
        let (all, news) = (try ends(), try ends())
        try workers[0].teach(Descriptor(owning: news.teaching.take()), all: false)
        try workers[1].teach(Descriptor(owning: all.teaching.take()), all: true)
        #expect(try workers[2].learn(from: [(news.learning, false), (all.learning, true)]))
        #expect(tables[2].gpc0(.ip(1), loop) == 1)
        tables[0].change(.ip(2), gpc0: 2, loop)
        workers[0].tell()
        try loop.run(for: "the news") { tables[2].gpc0(.ip(2), loop) == 2 }
    }

    @Test func aTeacherThatIsSilentIsNotWaitedForLonger() throws {
        let loop = try EventLoop()
        let lines = Lines()
        let pupil = Succession(tables: [table()], on: loop) { lines.all.append($0) }
        let (learning, teaching) = try ends()
        #expect(try !pupil.learn(from: [(learning, true)], patience: .milliseconds(50)))
        #expect(lines.all.count == 1)
        #expect(
            lines.all[0].contains(
                "not all has come from the worker before this one in time; going on after "))
        _ = teaching.take()
    }

    @Test func aTeacherThatDiesIsNotWaitedFor() throws {
        let loop = try EventLoop()
        let lines = Lines()
        let pupil = Succession(tables: [table()], on: loop) { lines.all.append($0) }
        let (learning, teaching) = try ends()
        teaching.descriptor = nil
        #expect(try !pupil.learn(from: [(learning, true)]))
        #expect(lines.all.count == 1)
        #expect(lines.all[0].contains("the worker before this one is gone"))
    }

    @Test func aTableOfAnotherTypeStartsEmpty() throws {
        let loop = try EventLoop()
        let lines = Lines()
        let old = table("mp/t", .ip)
        old.change(.ip(1), gpc0: 1, loop)
        let new = table("mp/t", .integer)
        let teacher = Succession(tables: [old], on: loop) { _ in }
        let pupil = Succession(tables: [new], on: loop) { lines.all.append($0) }
        let (learning, teaching) = try ends()
        try teacher.teach(Descriptor(owning: teaching.take()), all: true)
        #expect(try pupil.learn(from: [(learning, true)]))
        #expect(new.used == 0)
        #expect(lines.all.count == 1)
        #expect(lines.all[0].contains("stick table 'mp/t' starts empty"))
    }
}
