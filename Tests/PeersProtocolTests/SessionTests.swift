// Lessons and news between two sessions, and what a session does with bytes that are not right.

import StickTables
import Testing

@testable import PeersProtocol

struct SessionTests {
    private func pair(
        _ one: [SharedTable], _ other: [SharedTable], manners: PeerSession.Manners = .init()
    ) -> Conversation {
        Conversation(
            one: PeerSession(tables: one, manners: manners),
            other: PeerSession(tables: other, manners: manners))
    }

    static let all: [StickTableDefinition.Stored] = DataType.allCases.map {
        .init($0, period: $0.kind == .rate ? 10_000 : 0)
    }

    @Test func everyTypeIsTaught() throws {
        let mine = sharedTable("t", .ip, stored: Self.all)
        let yours = sharedTable("t", .ip, stored: Self.all)
        let entry = try #require(mine.table.findOrInsert(.ip(0x0102_0304), now: start))
        for (place, type) in DataType.allCases.enumerated() {
            let number = UInt64(place + 1) * 1_000
            switch type.kind {
            case .number: mine.table.set(entry, type, to: number)
            case .longNumber: mine.table.set(entry, type, to: number << 32)
            case .rate: mine.table.count(UInt32(number), in: type, of: entry, now: start)
            case .name: mine.table.set(entry, type, .name("srv1"))
            }
        }
        mine.table.touch(entry, now: start)
        var talk = pair([mine], [yours])
        talk.other.askForLesson()
        try talk.run(now: tick(1000))
        #expect(talk.events == [.lessonRequested, .lessonEnded(isPartial: false), .lessonConfirmed])
        let learned = try #require(yours.table.find(.ip(0x0102_0304), now: tick(1000)))
        for type in DataType.allCases where type != .connCur {
            if type.kind == .rate {
                #expect(
                    yours.table.rate(learned, type, now: tick(2000))
                        == mine.table.rate(entry, type, now: tick(2000)))
            } else {
                #expect(yours.table.value(learned, type) == mine.table.value(entry, type), "\(type.name)")
            }
        }
        #expect(yours.table.number(learned, .connCur) == 0)
        #expect(yours.table.remaining(learned, now: tick(1000)) == 59_000)
    }

    @Test(arguments: [
        StickKey.ip(1), .ipv6(high: 1 << 60, low: 9), .integer(70_000), .string(Array("hello".utf8)),
        .binary([1, 2, 3, 0, 0, 0]),
    ])
    func everyKeyIsTaught(_ key: StickKey) throws {
        let type: KeyType =
            switch key {
            case .ip: .ip
            case .ipv6: .ipv6
            case .integer: .integer
            case .string: .string(length: 20)
            case .binary: .binary(length: 6)
            }
        let (mine, yours) = (sharedTable("t", type, expire: 0), sharedTable("t", type, expire: 0))
        mine.change(key, gpc0: 300)
        var talk = pair([mine], [yours])
        talk.other.askForLesson()
        try talk.run()
        #expect(yours.gpc0(key) == 300)
    }

    @Test func newsGoBothWaysWithoutEcho() throws {
        let (mine, yours) = (sharedTable(), sharedTable())
        var talk = pair([mine], [yours])
        mine.change(.ip(1), gpc0: 1)
        yours.change(.ip(2), gpc0: 2)
        try talk.run()
        #expect(yours.gpc0(.ip(1)) == 1)
        #expect(mine.gpc0(.ip(2)) == 2)
        #expect(talk.one.flows[0].told == 1)
        #expect(talk.other.flows[0].told == 1)
        // Both have said that they took it.
        #expect(talk.one.flows[0].lastConfirmed == 1)
        #expect(talk.other.flows[0].lastConfirmed == 1)
        mine.change(.ip(1), gpc0: 9, now: tick(1))
        try talk.run(now: tick(1))
        #expect(yours.gpc0(.ip(1)) == 9)
        #expect(talk.other.flows[0].told == 1)
    }

    @Test func aLessonInSmallPiecesIsWhole() throws {
        let (mine, yours) = (sharedTable(), sharedTable())
        let others = (sharedTable("u"), sharedTable("u"))
        for number in 0..<5000 {
            mine.change(.ip(UInt32(number)), gpc0: UInt64(number))
            others.0.change(.ip(UInt32(number)), gpc0: 7)
        }
        var talk = pair([mine, others.0], [others.1, yours])
        talk.other.askForLesson()
        try talk.run(limit: 100)
        #expect(yours.table.used == 5000)
        #expect(others.1.table.used == 5000)
        #expect(yours.gpc0(.ip(4321)) == 4321)
        #expect(talk.one.hasToldAll)
    }

    @Test func whatChangesDuringALessonIsTold() throws {
        let (mine, yours) = (sharedTable(), sharedTable())
        for number in 0..<1000 { mine.change(.ip(UInt32(number)), gpc0: 1) }
        var talk = pair([mine], [yours])
        talk.one.beginLesson()
        var bytes: [UInt8] = []
        #expect(talk.one.speak(into: &bytes, limit: 500, now: start))
        mine.change(.ip(0), gpc0: 2)
        _ = try talk.other.receive(bytes, now: start)
        try talk.run()
        #expect(yours.gpc0(.ip(0)) == 2)
        #expect(yours.table.used == 1000)
    }

    @Test func aSuccessorIsToldWhatOthersTaught() throws {
        let (first, second, third) = (sharedTable(), sharedTable(), sharedTable())
        var outer = pair([first], [second])
        var inner = Conversation(
            one: PeerSession(tables: [second], manners: .init(tellsLearned: true)),
            other: PeerSession(tables: [third], manners: .init(learnsAsNews: true)))
        inner.one.beginLesson()
        try inner.run()
        for round in 1...3 {
            first.change(.ip(1), gpc0: UInt64(round))
            try outer.run()
            try inner.run()
            #expect(third.gpc0(.ip(1)) == UInt64(round))
        }
    }

    @Test func otherTablesAreLeftAlone() throws {
        let mine = sharedTable("t", .ip)
        let yours = sharedTable("t", .integer)
        mine.change(.ip(1), gpc0: 1)
        var talk = pair([mine, sharedTable("unknown")], [yours])
        talk.other.askForLesson()
        try talk.run()
        #expect(yours.table.used == 0)
        #expect(
            talk.events.contains(
                .mismatch(table: "t", reason: "keys of type 4 and size 4, here type 2 and size 4")))
    }

    @Test func aRateOfAnotherPeriodSaysNothing() throws {
        let mine = sharedTable("t", stored: [.init(.connRate, period: 10_000), .init(.gpc0)])
        let yours = sharedTable("t", stored: [.init(.connRate, period: 20_000), .init(.gpc0)])
        let entry = try #require(mine.table.findOrInsert(.ip(1), now: start))
        mine.table.count(50, in: .connRate, of: entry, now: start)
        mine.table.set(entry, .gpc0, to: 3)
        mine.table.touch(entry, now: start)
        var talk = pair([mine], [yours])
        try talk.run()
        let learned = try #require(yours.table.find(.ip(1), now: start))
        #expect(yours.table.rate(learned, .connRate, now: start) == 0)
        #expect(yours.gpc0(.ip(1)) == 3)
    }

    @Test func aLearnerHoldsItsNewsBack() throws {
        let (mine, yours) = (sharedTable(), sharedTable())
        yours.change(.ip(2), gpc0: 2)
        var session = PeerSession(tables: [yours])
        session.askForLesson()
        var bytes: [UInt8] = []
        #expect(session.speak(into: &bytes, limit: 4096, now: start) == false)
        #expect(bytes == [0, 0])
        var talk = Conversation(one: PeerSession(tables: [mine]), other: session)
        _ = try talk.one.receive(bytes, now: start)
        try talk.run()
        #expect(mine.gpc0(.ip(2)) == 2)
    }

    @Test func heartbeats() throws {
        var session = PeerSession(tables: [])
        session.beat()
        var bytes: [UInt8] = []
        _ = session.speak(into: &bytes, limit: 10, now: start)
        #expect(bytes == [0, 4])
        #expect(try session.receive(bytes, now: start).isEmpty)
    }

    @Test func aReportedErrorEndsTheSession() {
        var session = PeerSession(tables: [])
        #expect(throws: PeerFault.refusedByPeer(code: 0)) { try session.receive([1, 0], now: start) }
    }
}

/// Bytes of Debian's HAProxy 2.6.12, cut and changed.
struct HostileTests {
    /// A lesson: tables of every type of key, one with every type of data.
    static let captured = bytes(
        """
        0a8211060574737472640620f4f1fe00f0d9dc0c0a850d000000010036ed8b026b3100000a86090036ed92026b320000
        0a86090036ed99026b3301000a820d050474737472061504f0d9dc0c0a850f000000010036ed840568656c6c6f01
        0a820d040474696e74020406f0d9dc0c0a850f000000010036ed7c00011170fc03050a820a030474697036051004000a85190000
        00010000000020010db8000000000000000000000001050a822f02037469700404fff0fe02f0e5ed0503f8a90105f0971c08f0e203
        0af0e2030cf0e2030ef0e20310f0e20312f8ac000a855000000001001b751f01020304030907f1130400fc03f11311000002f38f8e
        ac010000f8a901f38f8eac01000000f38f8eac010000f091bd809400f38f8eac01000000f113f82f0008f38f8eac010000000a82
        1001082f696e7065657273020404f0e2030a850d00000001000026390000000c030001
        """)

    private func tables() -> [SharedTable] {
        [
            sharedTable("tstrd", .string(length: 31), stored: [.init(.gpc0), .init(.serverKey)]),
            sharedTable("tstr", .string(length: 20)),
            sharedTable("tint", .integer, stored: [.init(.gpc0), .init(.gpt0)]),
            sharedTable("tip6", .ipv6, expire: 0),
            sharedTable("tip", .ip, expire: 1_800_000, stored: SessionTests.all),
            sharedTable("/inpeers", .integer),
        ]
    }

    private func learned(_ tables: [SharedTable]) -> Bool {
        tables[0].gpc0(.string(Array("k3".utf8))) == 1 && tables[1].gpc0(.string(Array("hello".utf8))) == 1
            && tables[2].gpc0(.integer(70_000)) == 5
            && tables[3].gpc0(.ipv6(high: 0x2001_0db8 << 32, low: 1)) == 5
            && tables[4].gpc0(.ip(0x0102_0304)) == 7 && tables[5].gpc0(.integer(12)) == 3
    }

    @Test func aWholeLessonIsRead() throws {
        let tables = tables()
        var session = PeerSession(tables: tables)
        session.askForLesson()
        #expect(try session.receive(Self.captured, now: start) == [.lessonEnded(isPartial: false)])
        #expect(learned(tables))
        let entry = try #require(tables[4].table.find(.ip(0x0102_0304), now: start))
        #expect(tables[4].table.number(entry, .bytesInCnt) == 5_000_000_000)
        #expect(tables[4].table.number(entry, .connCnt) == 300)
        #expect(tables[4].table.remaining(entry, now: start) == 0x1b751f)
        // What it acknowledges is what HAProxy acknowledged.
        var said: [UInt8] = []
        _ = session.speak(into: &said, limit: 4096, now: start)
        #expect(
            Set(said.split(separator: 0x0a).map(Array.init))
                .isSuperset(of: [bytes("84050600000003"), bytes("84050500000001"), bytes("84050200000001")]))
    }

    @Test func aLessonSplitAtEachByteIsRead() throws {
        for cut in 1..<Self.captured.count {
            let tables = tables()
            var session = PeerSession(tables: tables)
            session.askForLesson()
            _ = try session.receive(Array(Self.captured[..<cut]), now: start)
            #expect(
                try session.receive(Array(Self.captured[cut...]), now: start).last
                    == .lessonEnded(isPartial: false))
            #expect(learned(tables), "cut at \(cut)")
        }
    }

    @Test func aLessonByteForByteIsRead() throws {
        let tables = tables()
        var session = PeerSession(tables: tables)
        for byte in Self.captured { _ = try session.receive([byte], now: start) }
        #expect(learned(tables))
    }

    @Test func changedBytesEndTheSessionOrAreTaken() {
        var state: UInt64 = 42
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for _ in 0..<3000 {
            var input = Self.captured
            for _ in 0...random(4) { input[random(input.count)] = UInt8(random(256)) }
            let tables = tables()
            var session = PeerSession(tables: tables)
            do throws(PeerFault) {
                _ = try session.receive(input, now: start)
                var said: [UInt8] = []
                _ = session.speak(into: &said, limit: 65_536, now: start)
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test func aFaultSaysWhatWasExpectedAndFound() {
        var session = PeerSession(tables: tables())
        // A definition whose name is longer than the message.
        #expect(
            throws: PeerFault.malformed(message: 130, expected: "100 bytes of a table's name", found: "1")
        ) { try session.receive([10, 130, 3, 1, 100, 65], now: start) }
    }

    @Test func whatWeTeachIsWhatHAProxyTeaches() throws {
        let tables = tables()
        var session = PeerSession(tables: tables)
        _ = try session.receive(Self.captured, now: start)
        var teacher = PeerSession(tables: [tables[1]])
        teacher.beginLesson()
        var said: [UInt8] = []
        _ = teacher.speak(into: &said, limit: 4096, now: start)
        // The numbers of the table and of the time of expiry are ours.
        #expect(
            said == bytes("0a820c01 0474737472 061504f0971c 0a850f 00000001 0000ea60 0568656c6c6f 01 0001"))
    }
}
