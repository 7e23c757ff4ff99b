// Reloads under traffic over TLS, where connections cannot move: every request is accounted for, and the accounts tell
// when one is lost.

import Demo
import Glibc
import Polling
import TestSupport
import Testing
import Unix

extension SystemTests {
    @Suite struct TLSTraffic {
        /// A scene with a second frontend that speaks TLS.
        private struct Secured {
            let scene: Scene
            let address: SocketAddress

            init() throws {
                let files = try Certificates.shared.get()
                let port = try FreePort.find()
                address = .ipv4(0x7f00_0001, port: port)
                let words = "crt a.pem crt b.pem tls-ticket-keys 48.keys".split(separator: " ")
                    .map { $0.contains(".") ? files.file(String($0)) : String($0) }
                let bind = "bind 127.0.0.1:\(port) ssl " + words.joined(separator: " ")
                scene = try Scene(
                    .mwproxy, .init(sections: "frontend secure\n    \(bind)\n    default_backend app\n"))
            }
        }

        @Test func overReloadsLosesNothing() throws {
            guard ProxyKind.available.contains(.mwproxy) else { return }
            let secured = try Secured()
            let scene = secured.scene
            let loads = [
                Load(
                    "kept", .keepAlive(clients: 20, perSecondEach: 20), path: "/bytes/2000",
                    tls: .full.named("b.test")),
                Load("full", .connections(perSecond: 50), tls: .full),
                Load("resumed", .connections(perSecond: 50), path: "/bytes/200000", tls: .resumed),
            ]
            for load in loads { scene.traffic.start(load, to: secured.address) }
            try scene.loop.run(for: "sessions that resume") {
                scene.traffic.tally("resumed")?.resumed ?? 0 >= 20
            }
            let known = scene.traffic.tally("resumed")
            for number in 2...9 {
                try scene.proxy.configure(scene.text(edition: number))
                try scene.reload()
                try scene.loop.run(load: .milliseconds(200))
            }
            let reports = try scene.finishTraffic()
            scene.expectNothingFailed(reports)
            for report in reports {
                #expect(report.tally.succeeded > 10, "\(report.description)")
                #expect(report.tally.handshakes == report.tally.connections, "\(report.description)")
            }
            #expect(scene.traffic.tally("full")?.resumed == 0)
            let resumed = try #require(scene.traffic.tally("resumed"))
            #expect(
                resumed.handshakes - resumed.resumed == known.map { $0.handshakes - $0.resumed },
                "tickets of one worker open in the next")
            #expect(scene.origin.requests == reports.map(\.tally.succeeded).reduce(0, +))
            try scene.wait(for: "the old workers' end") { scene.proxy.children.count == 1 }
        }

        @Test func whatIsLostIsCounted() throws {
            guard ProxyKind.available.contains(.mwproxy) else { return }
            let secured = try Secured()
            let scene = secured.scene
            scene.traffic.start(Load("plain", .idle(clients: 3), tls: .resumed), to: scene.address)
            try scene.loop.run(for: "who does not speak TLS") { scene.traffic.tally("plain")?.failed == 3 }
            #expect(scene.traffic.tally("plain")?[.handshake] == 3, "\(scene.traffic.reports[0].tally.notes)")
            scene.traffic.start(
                Load("cut", .keepAlive(clients: 5, perSecondEach: 100), path: "/poll/500", tls: .full),
                to: secured.address, ramp: .zero)
            // The origin answers on our loop: nothing comes between what is seen here and the kill.
            try scene.loop.run(for: "requests on connections that have served") {
                guard let tally = scene.traffic.tally("cut") else { return false }
                return tally.succeeded >= 5 && tally.underway == 5
            }
            scene.traffic.finish()
            let before = try #require(scene.traffic.tally("cut"))
            for pid in scene.proxy.children { kill(pid, SIGKILL) }
            try scene.loop.run(for: "the end of the requests") { scene.traffic.isFinished }
            let tally = try #require(scene.traffic.tally("cut"))
            #expect(tally.succeeded == before.succeeded && tally.isBalanced)
            #expect(tally.failed == 5 && tally[.lostOnReuse] > 0, "\(tally.notes)")
        }
    }
}
