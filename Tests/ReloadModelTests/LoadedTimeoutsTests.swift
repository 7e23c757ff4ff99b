import Testing

@testable import ReloadModel

@Suite struct LoadedTimeoutsTests {
    static let text = """
        global
            stats timeout 1h
        defaults base
            mode http
            timeout connect 5s
            timeout client 60s    # a comment
            timeout server 90000
        frontend web from base
            timeout http-request "10s"
        backend app from base
            timeout tunnel 1h
        defaults
            timeout client 1d
        listen plain
            timeout client-fin 30s
        peers mates
            peer a 127.0.0.1:1
        """

    private func milliseconds(
        _ name: LoadedTimeouts.Name, _ frontend: String?, _ backend: String?
    ) -> Int64? {
        LoadedTimeouts.find(in: [Self.text]).timeout(name, frontend: frontend, backend: backend)?.milliseconds
    }

    @Test func sectionsHaveTheirOwnAndTheirDefaults() {
        #expect(milliseconds(.client, "web", "app") == 60_000)
        #expect(milliseconds(.server, "web", "app") == 90_000)
        #expect(milliseconds(.tunnel, "web", "app") == 3_600_000)
        #expect(milliseconds(.client, "plain", "plain") == 86_400_000)
        #expect(milliseconds(.clientFin, "plain", "plain") == 30_000)
        #expect(milliseconds(.server, "plain", "plain") == nil)
        let loaded = LoadedTimeouts.find(in: [Self.text])
        #expect(loaded.adminMilliseconds == 3_600_000)
        #expect(loaded.peers == ["mates"])
        #expect(loaded.isTCP(frontend: "web") == false)
        #expect(loaded.isTCP(frontend: "plain") == true)
        #expect(loaded.isTCP(frontend: "other") == nil)
    }

    @Test func anotherOneHoldsWhereOneIsNotSet() throws {
        let loaded = LoadedTimeouts.find(in: [Self.text])
        let keepAlive = try #require(loaded.timeout(.httpKeepAlive, frontend: "web", backend: nil))
        #expect(keepAlive.name == .httpRequest && keepAlive.milliseconds == 10_000)
        let request = try #require(loaded.timeout(.httpRequest, frontend: "plain", backend: nil))
        #expect(request.name == .client)
        let queue = try #require(loaded.timeout(.queue, frontend: "web", backend: "app"))
        #expect(queue.name == .connect && queue.milliseconds == 5000)
    }
}
