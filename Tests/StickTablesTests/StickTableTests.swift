// Tables as a whole: keys, expiry, eviction, what is held, what is stored, and what peers are told.

import Testing

@testable import StickTables

private func tick(_ milliseconds: Int64) -> Tick { Tick(milliseconds: 5_000_000_000 + milliseconds) }

private func table(
    _ type: KeyType = .ip, size: Int = 1000, expire: UInt32 = 10_000, noPurge: Bool = false,
    peers: String? = nil, stored: [StickTableDefinition.Stored] = [.init(.gpc0)]
) -> StickTable {
    StickTable(
        StickTableDefinition(
            name: "t", keyType: type, size: size, expire: expire, noPurge: noPurge, peers: peers,
            stored: stored), seed: 42)
}

extension StickTable {
    fileprivate func hasIP(_ address: UInt32, at time: Int64) -> Bool {
        find(.ip(address), now: tick(time)) != nil
    }

    fileprivate func news(after id: UInt32, includingLearned: Bool = false) -> [StickKey] {
        var keys: [StickKey] = []
        forEachChange(after: id, includingLearned: includingLearned) { _, entry in
            keys.append(key(of: entry))
            return true
        }
        return keys
    }
}

@Suite struct StickTableTests {
    @Test(arguments: [
        (KeyType.ip, StickKey.ip(0x7F00_0001), StickKey.ip(0x7F00_0002)),
        (.integer, .integer(7), .integer(.max)),
        (.ipv6, .ipv6(high: 1, low: 2), .ipv6(high: 1, low: 3)),
        (.string(length: 8), .string(Array("a b".utf8)), .string([])),
        (.binary(length: 4), .binary([1, 2, 3, 4]), .binary([1, 2, 3, 0])),
    ])
    func everyTypeOfKeyIsFoundAgain(_ type: KeyType, _ one: StickKey, _ other: StickKey) throws {
        let table = table(type)
        let first = try #require(table.findOrInsert(one, now: tick(0)))
        let second = try #require(table.findOrInsert(other, now: tick(0)))
        #expect(first != second && table.used == 2)
        #expect(table.find(one, now: tick(5)) == first)
        #expect(table.key(of: first) == one && table.key(of: second) == other)
    }

    @Test func namesOfServersThatNoEntryHasGo() throws {
        let table = table(stored: [.init(.serverKey)])
        let entries = try (0..<10).map { try #require(table.findOrInsert(.ip($0), now: tick(0))) }
        for number in 0..<10_000 {
            table.set(entries[number % 9], .serverKey, .name("server-\(number)"))
            if number == 0 { table.set(entries[9], .serverKey, .name("kept")) }
        }
        #expect(table.names.count <= 1024)
        #expect(table.value(entries[9], .serverKey) == .name("kept"))
        for number in 9991..<10_000 {
            #expect(table.value(entries[number % 9], .serverKey) == .name("server-\(number)"))
        }
        // With more entries there may be more names.
        let many = (100..<900).compactMap { table.findOrInsert(.ip($0), now: tick(0)) }
        for round in 0..<5 {
            for (place, entry) in many.enumerated() {
                table.set(entry, .serverKey, .name("\(round)-\(place)"))
            }
        }
        #expect(table.names.count <= 2048)
        for (place, entry) in many.enumerated() {
            #expect(table.value(entry, .serverKey) == .name("4-\(place)"))
        }
    }

    @Test func longTextsAreCutAndShortBytesFilled() throws {
        let texts = table(.string(length: 3))
        let entry = try #require(texts.findOrInsert(.string(Array("abcdef".utf8)), now: tick(0)))
        #expect(texts.key(of: entry) == .string(Array("abc".utf8)))
        #expect(texts.find(.string(Array("abcxyz".utf8)), now: tick(0)) == entry)
        let found = Array("abcd".utf8).withUnsafeBytes { texts.find(bytes: $0, now: tick(0)) }
        #expect(found == entry)
        let bytes = table(.binary(length: 4))
        let short = try #require(bytes.findOrInsert(.binary([9]), now: tick(0)))
        #expect(bytes.key(of: short) == .binary([9, 0, 0, 0]))
    }

    @Test func anEntryGoesWhenItWasNotTouchedForItsTime() throws {
        let table = table()
        let entry = try #require(table.findOrInsert(.ip(1), now: tick(0)))
        _ = table.findOrInsert(.ip(2), now: tick(0))
        #expect(table.remaining(entry, now: tick(4000)) == 6000)
        table.touch(entry, now: tick(9000))
        #expect(!table.hasIP(2, at: 10_000) && table.hasIP(1, at: 18_999))
        table.sweep(now: tick(10_001))
        #expect(table.used == 1)
        table.sweep(now: tick(19_001))
        #expect(table.used == 0)
    }

    @Test func anExpiredEntryBeginsAnew() throws {
        let table = table()
        let old = try #require(table.findOrInsert(.ip(1), now: tick(0)))
        table.add(5, to: .gpc0, of: old)
        let new = try #require(table.findOrInsert(.ip(1), now: tick(20_000)))
        #expect(table.number(new, .gpc0) == 0 && table.used == 1)
    }

    @Test func sweepsFindEntriesWheneverTheyCome() {
        let table = table(size: 10_000)
        for number in 0..<5000 { _ = table.findOrInsert(.ip(UInt32(number)), now: tick(Int64(number) * 7)) }
        for step in stride(from: Int64(0), through: 60_000, by: 113) {
            table.sweep(now: tick(step))
            let alive = (0..<5000).filter { Int64($0) * 7 + 10_000 > step }.count
            // One step of the wheel may lag.
            #expect(table.used >= alive && table.used <= alive + 12)
        }
        #expect(table.used == 0)
    }

    @Test func withoutExpireEntriesStay() {
        let table = table(expire: 0)
        _ = table.findOrInsert(.ip(1), now: tick(0))
        table.sweep(now: tick(1 << 40))
        #expect(table.hasIP(1, at: 1 << 40))
    }

    @Test func aFullTableDropsTheOldest() throws {
        let table = table(size: 512)
        for number in 0..<512 { _ = table.findOrInsert(.ip(UInt32(number)), now: tick(Int64(number))) }
        let first = try #require(table.find(.ip(0), now: tick(600)))
        table.touch(first, now: tick(600))
        let held = try #require(table.find(.ip(1), now: tick(600)))
        table.retain(held)
        #expect(table.findOrInsert(.ip(9999), now: tick(700)) != nil)
        // 512 / 256 + 1 go: 2, 3 and 4 are the oldest that nobody touched or holds.
        #expect(table.used == 510)
        #expect(table.hasIP(0, at: 700) && table.hasIP(1, at: 700) && table.hasIP(9999, at: 700))
        #expect(
            !table.hasIP(2, at: 700) && !table.hasIP(3, at: 700) && !table.hasIP(4, at: 700)
                && table.hasIP(5, at: 700))
    }

    @Test func nopurgeTakesNoMore() {
        let table = table(size: 2, noPurge: true)
        #expect(table.findOrInsert(.ip(1), now: tick(0)) != nil)
        #expect(table.findOrInsert(.ip(2), now: tick(0)) != nil)
        #expect(table.findOrInsert(.ip(3), now: tick(1)) == nil)
        // Expired ones make room.
        #expect(table.findOrInsert(.ip(3), now: tick(11_000)) != nil)
    }

    @Test func whatIsHeldStaysAndAllHeldIsFull() throws {
        let table = table(size: 1)
        let entry = try #require(table.findOrInsert(.ip(1), now: tick(0)))
        table.retain(entry)
        #expect(table.findOrInsert(.ip(2), now: tick(1)) == nil)
        table.sweep(now: tick(50_000))
        #expect(table.find(.ip(1), now: tick(50_000)) == entry && !table.remove(entry))
        table.release(entry)
        #expect(table.findOrInsert(.ip(2), now: tick(50_001)) != nil)
    }

    @Test func valuesAreKeptByType() throws {
        let table = table(stored: DataType.allCases.map { .init($0, period: $0.kind == .rate ? 10_000 : 0) })
        let entry = try #require(table.findOrInsert(.ip(1), now: tick(0)))
        for type in DataType.allCases {
            switch type.kind {
            case .number: table.set(entry, type, .number(UInt64(type.rawValue) + 1))
            case .longNumber: table.set(entry, type, .number(1 << 40 + UInt64(type.rawValue)))
            case .rate: table.count(UInt32(type.rawValue), in: type, of: entry, now: tick(0))
            case .name: table.set(entry, type, .name("s1"))
            }
        }
        for type in DataType.allCases {
            switch type.kind {
            case .number: #expect(table.number(entry, type) == UInt64(type.rawValue) + 1)
            case .longNumber: #expect(table.number(entry, type) == 1 << 40 + UInt64(type.rawValue))
            case .rate: #expect(table.rate(entry, type, now: tick(1)) == UInt32(type.rawValue))
            case .name: #expect(table.value(entry, type) == .name("s1"))
            }
        }
        table.decrease(.connCur, of: entry)
        #expect(table.number(entry, .connCur) == UInt64(DataType.connCur.rawValue))
    }

    @Test func whatIsNotStoredIsNil() throws {
        let table = table()
        let entry = try #require(table.findOrInsert(.ip(1), now: tick(0)))
        table.add(1, to: .connCnt, of: entry)
        table.count(1, in: .httpReqRate, of: entry, now: tick(0))
        #expect(table.number(entry, .connCnt) == nil && table.rate(entry, .httpReqRate, now: tick(0)) == nil)
    }

    @Test func manyEntriesAreFoundAndRemoved() throws {
        let table = table(size: 200_000)
        for number in 0..<UInt32(100_000) {
            let entry = try #require(table.findOrInsert(.ip(number &* 2_654_435_761), now: tick(0)))
            table.set(entry, .gpc0, to: UInt64(number))
        }
        for number in stride(from: UInt32(0), to: 100_000, by: 2) {
            table.remove(try #require(table.find(.ip(number &* 2_654_435_761), now: tick(1))))
        }
        #expect(table.used == 50_000)
        for number in 0..<UInt32(100_000) {
            let found = table.find(.ip(number &* 2_654_435_761), now: tick(1))
            #expect(found.flatMap { table.number($0, .gpc0) } == (number % 2 == 0 ? nil : UInt64(number)))
        }
        var seen = 0
        table.forEach { _ in seen += 1 }
        #expect(seen == 50_000)
    }

    @Test func anEntryOfARateTakesFewBytes() throws {
        let table = table(size: 1 << 20, stored: [.init(.httpReqRate, period: 10_000)])
        for number in 0..<UInt32(100_000) { _ = table.findOrInsert(.ip(number), now: tick(0)) }
        #expect(table.byteCount / 100_000 <= 48)
    }
}

@Suite struct PeerUpdateTests {
    @Test func changesAreToldOnceInOrder() throws {
        let table = table(peers: "mates")
        let entries = try (0..<4).map { try #require(table.findOrInsert(.ip(UInt32($0)), now: tick(0))) }
        for entry in entries { table.touch(entry, now: tick(1)) }
        #expect(table.news(after: 0) == [.ip(0), .ip(1), .ip(2), .ip(3)])
        let told = table.lastUpdate
        #expect(table.news(after: told).isEmpty)
        table.touch(entries[2], now: tick(2))
        table.touch(entries[0], now: tick(2))
        table.touch(entries[2], now: tick(3))
        #expect(table.news(after: told) == [.ip(2), .ip(0)])
        // Everything, for who knows nothing: the order of the last changes.
        #expect(table.news(after: table.updatesStart) == [.ip(1), .ip(3), .ip(2), .ip(0)])
    }

    @Test func aLessonCanBeBrokenOffAndTakenUp() throws {
        let table = table(peers: "mates")
        for number in 0..<UInt32(10) {
            table.touch(try #require(table.findOrInsert(.ip(number), now: tick(0))), now: tick(0))
        }
        var position = table.updatesStart
        var keys: [StickKey] = []
        while true {
            var budget = 3
            table.forEachChange(after: position, includingLearned: true) { id, entry in
                guard budget > 0 else { return false }
                budget -= 1
                keys.append(table.key(of: entry))
                position = id
                return true
            }
            if budget > 0 { break }
        }
        #expect(keys == (0..<10).map { .ip($0) })
    }

    @Test func whatAPeerTaughtIsNoNewsButPartOfALesson() throws {
        let table = table(
            peers: "mates", stored: [.init(.gpc0), .init(.connCur), .init(.httpReqRate, period: 1000)])
        table.touch(try #require(table.findOrInsert(.ip(1), now: tick(0))), now: tick(0))
        let rate = FrequencyCounter(age: 100, current: 5, previous: 0, now: tick(0))
        let isTaken = table.learn(
            .ip(2), values: [(.gpc0, .number(9)), (.connCur, .number(3)), (.httpReqRate, .rate(rate))],
            remaining: 4000, now: tick(0))
        let entry = try #require(table.find(.ip(2), now: tick(1)))
        #expect(isTaken && table.number(entry, .gpc0) == 9 && table.number(entry, .connCur) == 0)
        #expect(
            table.rate(entry, .httpReqRate, now: tick(0)) == 5
                && table.remaining(entry, now: tick(1000)) == 3000)
        #expect(table.news(after: 0) == [.ip(1)])
        #expect(table.news(after: 0, includingLearned: true) == [.ip(1), .ip(2)])
        // Changed here, it is news.
        table.touch(entry, now: tick(5))
        #expect(table.news(after: 0) == [.ip(1), .ip(2)])
    }

    @Test func aPeerCannotProlongBeyondTheTable() throws {
        let table = table(peers: "mates")
        table.learn(.ip(1), values: [], remaining: .max, now: tick(0))
        let entry = try #require(table.find(.ip(1), now: tick(0)))
        #expect(table.remaining(entry, now: tick(0)) == 10_000)
        table.learn(.ip(1), values: [], remaining: 500, now: tick(0))
        table.sweep(now: tick(600))
        #expect(table.used == 0)
    }

    @Test func removedEntriesAreNotTold() throws {
        let table = table(peers: "mates")
        let first = try #require(table.findOrInsert(.ip(1), now: tick(0)))
        table.touch(first, now: tick(0))
        table.remove(first)
        table.touch(try #require(table.findOrInsert(.ip(2), now: tick(0))), now: tick(0))
        #expect(table.news(after: 0) == [.ip(2)])
    }

    @Test func theLogOfABusyTableStaysSmall() throws {
        let table = table(peers: "mates")
        let entries = try (0..<10).map { try #require(table.findOrInsert(.ip(UInt32($0)), now: tick(0))) }
        var position: UInt32 = 0
        for round in 0..<20_000 {
            table.touch(entries[round % 10], now: tick(1))
            table.forEachChange(after: position, includingLearned: false) { id, _ in
                position = id
                return true
            }
        }
        #expect(table.news(after: table.updatesStart).count == 10)
        #expect(table.lastUpdate - table.updatesStart < 25_000)
        #expect(table.news(after: position).isEmpty)
    }
}
