// Reloads under traffic: every request is accounted for, whatever the reloads do.

import Demo
import Glibc
import Polling
import TestSupport
import Testing
import Unix

extension SystemTests {
    @Suite struct Reloads {
        /// A thousand for ours, which leave in the master and in the worker what a few had left there; HAProxy is the
        /// peer that shows the test to be fair.
        @Test(arguments: ProxyKind.available)
        func manyUnderTrafficLoseNothing(kind: ProxyKind) throws {
            let scene = try Scene(kind)
            let (quiet, count) = kind == .mwproxy ? (50, 1000) : (0, 15)
            let early = kind == .mwproxy ? try scene.footprint(after: quiet) : nil
            scene.startMixedTraffic()
            try scene.loop.run(load: .milliseconds(500))
            for number in 2...count + 1 {
                try scene.proxy.configure(scene.text(edition: number))
                try scene.reload()
                try scene.loop.run(load: .milliseconds(5))
            }
            try scene.wait(forEdition: count + 1)
            let reports = try scene.finishTraffic()
            // HAProxy closes idle connections at the moment of a reload; a request sent then is lost.
            scene.expectNothingFailed(reports, except: kind == .haproxy ? [.lostOnReuse] : [])
            #expect(reports.allSatisfy { $0.tally.succeeded > 10 })
            try scene.wait(for: "the old workers' end") { scene.proxy.children.count == 1 }
            guard let early else { return }
            let late = try scene.footprint(after: 1)
            let done = reports.map(\.tally.succeeded).reduce(0, +)
            #expect(scene.origin.requests == done, "every request reached the origin once")
            let log = try scene.reloadLog()
            #expect(log.reloads == quiet + count + 1 && log.failed == 0)
            #expect(late.master.descriptors <= early.master.descriptors + 1)
            #expect(late.worker.descriptors <= early.worker.descriptors + 1)
            let (before, after) = (early.master.anonymousMemory, late.master.anonymousMemory)
            #expect(after < before + 1_000_000, "\(before) grew to \(after) bytes")
        }

        @Test(arguments: ProxyKind.available)
        func closeTogetherAndInStormsTheLastFileWins(kind: ProxyKind) throws {
            let scene = try Scene(kind)
            scene.startMixedTraffic()
            try scene.loop.run(load: .milliseconds(300))
            var edition = 1
            var random = SystemRandomNumberGenerator()
            let close = (30, 5...60)
            // 2.6 may be left without a serving worker by denser ones.
            let storms = kind == .haproxy ? [close] : [close, (30, 0...3), (50, 0...0)]
            for (count, gaps) in storms {
                for _ in 0..<count {
                    edition += 1
                    try scene.proxy.configure(scene.text(edition: edition))
                    scene.traffic.mark()
                    scene.proxy.program.signal(SIGUSR2)
                    let gap = Int.random(in: gaps, using: &random)
                    if gap > 0 { try scene.loop.run(load: .milliseconds(gap)) }
                }
                if kind == .haproxy {
                    // 2.6 may lose the last signal: it only has to end with one serving worker.
                    try scene.wait(for: "one serving worker") { try scene.servedEdition() != nil }
                } else {
                    try scene.wait(forEdition: edition)
                }
            }
            let reports = try scene.finishTraffic()
            // On a loaded machine 2.6 refuses some between two workers.
            let allowed: Set<RequestFailure> = [.lostOnReuse, .refused, .reset, .closedEarly]
            scene.expectNothingFailed(reports, except: kind == .haproxy ? allowed : [])
            try scene.wait(for: "the old workers' end") { scene.proxy.children.count == 1 }
        }

        @Test(arguments: ProxyKind.available)
        func thatFailChangeNothing(kind: ProxyKind) throws {
            let scene = try Scene(kind)
            scene.startMixedTraffic()
            try scene.loop.run(load: .milliseconds(300))
            let held = try Listening()
            let good = scene.text(edition: 1)
            var broken = [good + "    balanse roundrobin\n", "global\n    maxconn\n"]
            // HAProxy pauses its listeners when a new bind fails; ours must not.
            if kind == .mwproxy {
                broken.append(
                    good + "frontend taken\n    bind 127.0.0.1:\(held.port)\n    default_backend app\n")
            }
            for text in broken {
                let serving = try scene.proxy.serving()
                try scene.proxy.configure(text)
                scene.proxy.program.signal(SIGUSR2)
                try scene.wait(for: "the failure to be told") {
                    try scene.proxy.processes().first { $0.type == "master" }?.line.contains("[failed: ")
                        == true
                }
                #expect(try scene.proxy.serving() == serving)
                try scene.loop.run(load: .milliseconds(300))
                try scene.proxy.configure(good)
                try scene.reloadAgain(from: serving)
            }
            if kind == .mwproxy {
                unlink(scene.proxy.configurationFile)
                scene.proxy.program.signal(SIGUSR2)
                let before = try scene.reloadLog().reloads
                try scene.wait(for: "the attempt without a file") {
                    let log = try scene.reloadLog()
                    return log.reloads >= before && log.attempts.last?.result == .failed
                }
                #expect(try scene.proxy.ask("show startup-logs").contains("proxy.cfg"))
            }
            let reports = try scene.finishTraffic()
            scene.expectNothingFailed(reports, except: kind == .haproxy ? [.lostOnReuse] : [])
        }

        @Test(arguments: ProxyKind.available)
        func letEstablishedConnectionsFinishOnTheOldWorker(kind: ProxyKind) throws {
            let scene = try Scene(kind)
            // The origin is on our loop, so the proxy's own answers are used for what happens between.
            let slow = Load("slow", .idle(clients: 3), path: "/slow/5000/1500")
            scene.traffic.start(slow, to: scene.address, ramp: .zero)
            try scene.loop.run(for: "three slow bodies begin") { scene.origin.requests == 3 }
            let old = try #require(try scene.proxy.serving().first)
            try scene.reload()
            #expect(try scene.proxy.serving() != [old])
            #expect(try scene.proxy.processes().contains { $0.pid == old && $0.section == "old workers" })
            try scene.loop.run(for: "the slow bodies' end") { scene.traffic.tally("slow")?.underway == 0 }
            #expect(scene.traffic.tally("slow")?.failed == 0, "\(scene.traffic.tally("slow")?.notes ?? [])")
            scene.traffic.stop()
            try scene.wait(for: "the old worker's end") { kill(old, 0) != 0 }
        }

        @Test func aDrainingWorkerAnswersIdleConnectionsOnceMore() throws {
            guard ProxyKind.available.contains(.mwproxy) else { return }
            let scene = try Scene(.mwproxy, .init(global: ProxyKind.mwproxy.keepsIdleClients))
            let connection = try Connection(port: scene.port)
            let request = "GET /bytes/3 HTTP/1.1\r\nHost: a\r\n\r\n"
            try connection.send(request)
            try scene.loop.run(for: "the first request") { scene.origin.requests == 1 }
            let first = try connection.read(until: "\r\n\r\nxxx")
            #expect(!first.lowercased().contains("connection: close"))
            let old = try #require(try scene.proxy.serving().first)
            try scene.reload()
            try connection.send(request)
            try scene.loop.run(for: "the second request") { scene.origin.requests == 2 }
            let second = try connection.readToEnd()
            #expect(second.hasPrefix("HTTP/1.1 200") && second.hasSuffix("xxx"))
            #expect(second.lowercased().contains("connection: close"))
            try scene.wait(for: "the old worker's end") { kill(old, 0) != 0 }
        }

        @Test(arguments: ProxyKind.available)
        func bindNewPortsAndLeaveRemovedOnes(kind: ProxyKind) throws {
            let scene = try Scene(kind)
            let added = try FreePort.find()
            let address = SocketAddress.ipv4(0x7f00_0001, port: added)
            #expect(!ConnectionProbe.answers(address))
            let good = scene.text(edition: 2)
            try scene.proxy.configure(
                good + "frontend added\n    bind 127.0.0.1:\(added)\n    default_backend app\n")
            try scene.reload()
            #expect(ConnectionProbe.answers(address))
            scene.traffic.start(Load("poll", .longPolls(clients: 5, milliseconds: 700...800)), to: address)
            try scene.loop.run(for: "polls on the added port") { scene.origin.requests >= 5 }
            scene.traffic.finish()
            try scene.proxy.configure(scene.text(edition: 3))
            try scene.reload()
            try scene.wait(for: "the removed port to refuse") {
                !ConnectionProbe.answers(address)
            }
            let reports = try scene.finishTraffic()
            scene.expectNothingFailed(reports)
        }
    }
}

extension Scene {
    /// Of the master and its only worker, after some reloads without traffic.
    fileprivate func footprint(after reloads: Int) throws -> (master: Footprint, worker: Footprint) {
        for _ in 0..<reloads { try reload() }
        try wait(for: "the old workers' end") { proxy.children.count == 1 }
        return (try Footprint(of: proxy.master), try Footprint(of: try #require(proxy.children.first)))
    }

    /// Reloads a good file after a failed attempt, and waits until another worker than those serves.
    fileprivate func reloadAgain(from before: [pid_t]) throws {
        let edition = Int.random(in: 2...1_000_000)
        try proxy.configure(text(edition: edition))
        proxy.program.signal(SIGUSR2)
        try wait(forEdition: edition)
        try proxy.configure(text(edition: 1))
    }
}

/// A port that this process holds.
final class Listening {
    let port: UInt16
    private let socket: Descriptor

    init() throws {
        let address = SocketAddress.ipv4(0x7f00_0001, port: 0)
        socket = try Socket.stream(for: address)
        try Socket.bind(socket, to: address)
        try Socket.listen(socket, backlog: 1)
        port = try Socket.localAddress(socket.raw).port ?? 0
    }
}
