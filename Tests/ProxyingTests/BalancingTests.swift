// Who gets the next stream: weights spread evenly, fewest streams, backups last; and rates and conditions.

import ConfigLanguage
import HTTP1
import Testing
import Unix

@testable import Proxying

@Suite struct BalancingTests {
    private func backend(_ weights: [Int], _ balance: ProxySettings.Balance, backups: Set<Int> = [])
        -> Backend
    {
        let position = Position(file: "t", line: 1)
        var proxy = Proxy(name: "be", kind: .backend, position: position)
        proxy.settings.balance = balance
        let backend = Backend(proxy: proxy, id: 2, maxconn: 10, now: .now())
        backend.servers = weights.enumerated().map { index, weight in
            var line = ServerLine(
                name: "s\(index)", position: position, endpoint: .unix(path: "/nowhere/\(index)"))
            line.options.weight = weight
            line.options.backup = backups.contains(index)
            return Server(line: line, id: index + 1, backend: backend, connector: nil, now: .now())
        }
        return backend
    }

    private func names(_ backend: Backend, _ count: Int) -> [String] {
        (0..<count).map { _ in
            guard case .server(let server) = backend.choose() else { return "-" }
            return server.name
        }
    }

    @Test func weightsAreSpreadEvenly() {
        #expect(names(backend([5, 1, 1], .roundRobin), 7) == ["s0", "s0", "s1", "s0", "s2", "s0", "s0"])
        #expect(names(backend([1, 1], .roundRobin), 4) == ["s0", "s1", "s0", "s1"])
    }

    @Test func theLeastLoadedIsChosen() {
        let backend = backend([1, 2, 1], .leastConn)
        for server in backend.servers { server.load.sessions.rise() }
        #expect(names(backend, 1) == ["s1"])
        backend.servers[2].load.sessions.fall()
        #expect(names(backend, 1) == ["s2"])
    }

    @Test func aServerThatStartsSlowlyIsChosenLess() {
        for balance in [ProxySettings.Balance.roundRobin, .leastConn] {
            let backend = backend([10, 10], balance)
            backend.servers[0].warmth = Warmth(elapsed: .milliseconds(300), of: .seconds(1))
            #expect(backend.servers[0].warmth.parts == 5)
            var chosen = [0, 0]
            for _ in 0..<21 {
                guard case .server(let server) = backend.choose() else { continue }
                chosen[server.id - 1] += 1
                server.load.sessions.rise()
            }
            #expect(chosen == [5, 16], "\(balance)")
        }
    }

    @Test func warmthRisesInSixteenths() {
        func parts(_ milliseconds: Int64) -> Int {
            Warmth(elapsed: .milliseconds(milliseconds), of: .milliseconds(1600)).parts
        }
        #expect([0, 99, 100, 800, 1499, 1500, 1600, 9999].map(parts) == [1, 1, 2, 9, 15, 16, 16, 16])
        // HAProxy's figures at the start, and after half of the time.
        #expect(Warmth(parts: 1).percent == 6 && Warmth(parts: 1).part(of: 10) == 1)
        #expect(Warmth(parts: 9).percent == 56 && Warmth(parts: 9).part(of: 10) == 6)
        #expect(Warmth.full.percent == 100 && Warmth.full.part(of: 256) == 256)
    }

    @Test func aBackupServesWhenNobodyElseDoes() {
        let backend = backend([1, 1], .roundRobin, backups: [1])
        #expect(names(backend, 2) == ["s0", "s0"])
        backend.servers[0].isUp = false
        #expect(names(backend, 2) == ["s1", "s1"])
        backend.servers[1].isUp = false
        #expect(names(backend, 1) == ["-"])
    }

    @Test func aFullServerIsPassedOver() {
        let backend = backend([1, 1], .roundRobin)
        backend.servers[0].maxconn = 1
        backend.servers[0].load.sessions.rise()
        #expect(names(backend, 2) == ["s1", "s1"])
        backend.servers[1].isUp = false
        guard case .full = backend.choose() else {
            Issue.record("a full backend is not a dead one")
            return
        }
    }

    @Test func ratesFallWithTime() {
        var rate = RateCounter()
        for _ in 0..<10 { rate.count(at: Instant(nanoseconds: 5_500_000_000)) }
        #expect(rate.perSecond(at: Instant(nanoseconds: 5_900_000_000)) == 10)
        #expect(rate.perSecond(at: Instant(nanoseconds: 6_500_000_000)) == 5)
        #expect(rate.perSecond(at: Instant(nanoseconds: 8_000_000_000)) == 0)
        #expect(rate.max == 10)
    }

    @Test func averagesFollowTheLastValues() {
        var average = SlidingAverage()
        for _ in 0..<20000 { average.add(40) }
        #expect(average.average == 40)
        #expect(average.max == 40)
    }
}
