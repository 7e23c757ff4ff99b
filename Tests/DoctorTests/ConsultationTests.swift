// The doctor's visit at a proxy that does not answer: its steps stay short, and it ends.

import Glibc
import Observing
import ReloadModel
import TestSupport
import Testing
import Unix

@testable import Doctor

@Suite(.serialized) struct ConsultationTests {
    @Test func aSilentMasterHoldsNobody() throws {
        let proxy = try RunningProxy(.mwproxy) { folder in
            AskedProxy.text(
                folder,
                """
                frontend web
                    bind unix@\(folder.file("web.sock"))
                    default_backend app
                backend app
                    server s1 127.0.0.1:9

                """)
        }
        let master = try Observer.find(pid: proxy.master)
        let snapshot = Observer(master).sample()
        kill(proxy.master, SIGSTOP)
        defer { kill(proxy.master, SIGCONT) }
        // Waiting for the answers takes three hundred: who waited in a step would do so each time, a machine under load
        // stalls now and then.
        try TestSupport.wait(for: "a visit of short steps") {
            try longestStep(of: Consultation(master), snapshot) < .milliseconds(200)
        }
    }

    /// Goes through a whole visit.
    private func longestStep(of visit: Consultation, _ snapshot: Snapshot) throws -> Duration {
        var longest = Duration.zero
        let report = try wait(for: "the report") { () -> HealthReport? in
            let began = Instant.now()
            let report = visit.proceed { snapshot }
            longest = max(longest, Instant.now() - began)
            guard report == nil else { return report }
            var polled = visit.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            poll(&polled, nfds_t(polled.count), Int32(max(0, (visit.deadline - .now()).milliseconds)))
            return nil
        }
        #expect(!report.examinations.isEmpty)
        return longest
    }
}
