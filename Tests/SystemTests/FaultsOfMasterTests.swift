// The master breaks: for want of something on its way through its own exec, or altogether, and a supervisor starts it
// again.

import Demo
import Glibc
import Polling
import TestSupport
import Testing
import Unix

extension FaultSystemTests {
    @Suite struct Master {
        /// What a system call says once, and what comes of it.
        private static let refusals: [(rules: [String], words: String, isLoaded: Bool)] = [
            (["pipe2:error=EMFILE:when=1"], "cannot run: Too many open files", false),
            // Its state, for the probe to read, and for the new program.
            (["memfd_create:error=ENFILE:when=1"], "cannot run: Too many open files in system", false),
            (["memfd_create:error=ENFILE:when=2"], "cannot execute the new program", false),
            (["execve:error=ENOMEM:when=1"], "cannot execute the new program", false),
            // From here on it is the new program.
            (
                ["epoll_create1:error=ENFILE:when=1", "signalfd4:error=ENFILE:when=1"],
                "the new master waits: Too many open files in system", true
            ),
            (["epoll_ctl:error=ENOMEM:when=3..5"], "the new master waits: Cannot allocate memory", true),
            (["socketpair:error=EMFILE:when=1"], "cannot start a worker: Too many open files", false),
            // What it tells the workers waits for room.
            (["sendmsg:error=ENOBUFS:when=1..6"], "Loading success.", true),
        ]

        @Test func whatItIsRefusedOnItsWayLosesNothing() throws {
            let scene = try Scene(.mwproxy, .init(frontend: Scene.ownAnswer))
            scene.startLightTraffic()
            for (rules, words, isLoaded) in Self.refusals {
                let before = try scene.proxy.serving()
                let said = scene.proxy.program.errors
                let injection = try Injection(rules, into: scene.proxy.master, in: scene.folder)
                scene.proxy.program.signal(SIGUSR2)
                let end = isLoaded ? "Loading success." : "worker \(before[0]) stays current"
                try scene.wait(for: "\(rules): \(words)") {
                    let new = scene.proxy.program.errors.dropFirst(said.count)
                    return new.contains(words) && new.contains(end)
                }
                try injection.end()
                try scene.wait(for: "one worker") { scene.proxy.children.count == 1 }
                #expect((try scene.proxy.serving() != before) == isLoaded, "\(rules)")
            }
            try scene.reload()
            scene.expectNothingFailed(try scene.finishTraffic())
        }

        /// Nobody reloads then, but everything is served; what was asked meanwhile is done afterwards.
        @Test func stoppedItCostsNothingButTime() throws {
            let scene = try Scene(.mwproxy, .init(frontend: Scene.ownAnswer))
            scene.startLightTraffic()
            let before = scene.notify.readyCount
            scene.proxy.program.signal(SIGSTOP)
            try scene.proxy.configure(scene.text(edition: 2))
            scene.proxy.program.signal(SIGUSR2)
            try scene.loop.run(for: "requests meanwhile") { scene.traffic.tally("kept")!.succeeded > 50 }
            scene.proxy.program.signal(SIGCONT)
            try scene.loop.run(for: "the reload") { scene.notify.readyCount > before }
            try scene.wait(forEdition: 2)
            scene.expectNothingFailed(try scene.finishTraffic())
        }

        /// When the master is killed: at rest, or at a call of its way through a reload.
        private static let deaths: [String?] = [nil, "set_tid_address", "signalfd4", "socketpair"]

        /// As `Restart=always` does. What is under way is finished by the workers without a master; connections that
        /// come before the new one has bound are refused.
        @Test func killedAndStartedAgainItCostsNoRequestThatIsUnderWay() throws {
            let scene = try Scene(.mwproxy, .init(frontend: Scene.ownAnswer))
            scene.startLightTraffic()
            // Kept: with the last reference to one its workers would be killed.
            var proxies = [scene.proxy]
            for (number, call) in Self.deaths.enumerated() {
                let proxy = try #require(proxies.last)
                let old = proxy.children
                let polls = "polls \(number)"
                try scene.hold(Load(polls, .idle(clients: 5), path: "/poll/700"))
                let injection = try call.map {
                    try Injection(["\($0):signal=KILL:when=1"], into: proxy.master, in: scene.folder)
                }
                proxy.program.signal(call == nil ? SIGKILL : SIGUSR2)
                try scene.loop.run(for: "the master's end") { !proxy.program.isRunning }
                #expect(try proxy.program.end() == .killed(signal: SIGKILL), "\(call ?? "at rest")")
                let next = try RunningProxy(
                    .mwproxy, flags: ["-Ws"], in: scene.folder,
                    meanwhile: { try scene.loop.run(load: .milliseconds(5)) }
                ) { _ in scene.text(edition: number + 2) }
                proxies.append(next)
                try injection?.end()
                try scene.loop.run(for: "the polls") { scene.traffic.tally(polls)?.underway == 0 }
                #expect(scene.traffic.tally(polls)?.succeeded == 5, "\(call ?? "at rest")")
                try scene.wait(for: "the workers without a master to leave") {
                    old.allSatisfy { kill($0, 0) != 0 }
                }
            }
            #expect(scene.proxy.program.errors.contains("the master is gone: this worker leaves within 5 s"))
            let reports = try scene.finishTraffic()
            // In the moment without listeners; what is queued just as they close is reset.
            scene.expectNothingFailed(reports, except: [.refused, .reset])
        }
    }
}
