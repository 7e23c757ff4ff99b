// CPU time of the proxy for requests that ten rules look at, with a counter of the client's requests.

import Demo
import Polling
import TestSupport

enum RulesSection {
    private static let rules = """
            stick-table type ip size 100k expire 30s store http_req_rate(10s)
            acl api path_beg /api /v1 /v2
            acl image path_end .png .jpg .gif
            http-request track-sc0 src
            http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1000000000 }
            http-request deny if api { method POST } { hdr(x-key) -m found }
            http-request set-header X-Client %[src]
            http-request set-header X-Long yes if { path,length gt 100 }
            http-request redirect scheme https if { hdr(host) -i old.example.com }
            http-request set-var(txn.kind) str(image) if image
            http-request deny if { url_param(debug) 1 }
            http-request del-header X-Debug
            http-request deny if { src 10.0.0.0/8 192.168.0.0/16 }
        """

    static func run(_ options: BenchOptions, into table: inout FigureTable) throws {
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        let subjects = try options.subjects.map { try Subject($0, origin: origin, on: loop, rules: rules) }
        let load = Load("rules", .closedLoop(clients: 50, reuse: true), path: "/bytes/128")
        var costs: [[Double]] = [[], []]
        for round in 0..<options.rounds {
            for (place, _) in options.order(inRound: round) {
                costs[place].append(
                    try CostSection.measure(subjects[place], load, seconds: options.seconds, on: loop))
            }
        }
        table.add(
            "CPU s / 100,000 requests: ten rules and a tracked counter", unit: "s", costs[0], costs[1],
            target: 0.90)
        origin.stop()
    }
}
