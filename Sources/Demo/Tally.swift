// The accounts of a group of clients: every request and every connection is in exactly one place.

import Unix

/// Why a request failed.
package enum RequestFailure: String, CaseIterable, Sendable {
    case refused
    /// Reset before a response, on a new connection.
    case reset
    case timeout
    /// The response began and did not end as announced.
    case truncated
    case badStatus = "bad status"
    /// The connection stood, and then no TLS came about.
    case handshake = "failed handshake"
    /// A new connection was closed without a response.
    case closedEarly = "closed early"
    /// Sent on a connection that had served before, which the server closed at that moment.
    case lostOnReuse = "lost on reuse"
    /// This side ran out of something (ports, descriptors); says nothing about the server.
    case local
    /// Not done when the traffic was ended.
    case unfinished
}

/// What a group did and what became of it.
package struct Tally: Sendable {
    /// Requests begun (a WebSocket's handshake is one).
    package internal(set) var started = 0
    package internal(set) var succeeded = 0
    package internal(set) var failures: [RequestFailure: Int] = [:]
    /// Requests that are on their way now.
    package internal(set) var underway = 0
    /// Connections begun, and those that stood.
    package internal(set) var connections = 0
    package internal(set) var established = 0
    /// Handshakes of TLS that were done, and those of them that resumed a session.
    package internal(set) var handshakes = 0
    package internal(set) var resumed = 0
    /// Idle connections that the server closed, no request being lost.
    package internal(set) var closedIdle = 0
    /// Responses that announced the connection's end.
    package internal(set) var closeAnnounced = 0
    package internal(set) var bytes = 0
    package internal(set) var framesSent = 0
    package internal(set) var framesEchoed = 0
    /// WebSockets that ended by this side's wish, and those that the server cut.
    package internal(set) var tunnelsClosed = 0
    package internal(set) var tunnelsCut = 0
    /// The first failures in words, for the one who must find them.
    package internal(set) var notes: [String] = []
    /// When each request began and how long it took.
    var samples: [Sample] = []

    struct Sample: Sendable {
        var start: Instant
        var microseconds: Int32
    }

    /// More samples than this are not kept (the counts go on).
    static let mostSamples = 2_000_000

    package var failed: Int { failures.values.reduce(0, +) }

    /// Nothing is unaccounted for.
    package var isBalanced: Bool { started == succeeded + failed + underway }

    package subscript(_ failure: RequestFailure) -> Int { failures[failure] ?? 0 }
}

/// Latencies of a set of requests, in milliseconds.
package struct Latency: Sendable {
    package let count: Int
    package let p50: Double
    package let p99: Double
    package let max: Double

    init(microseconds: [Int32]) {
        let sorted = microseconds.sorted()
        count = sorted.count
        let at = { (share: Double) -> Double in
            sorted.isEmpty
                ? 0 : Double(sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]) / 1000
        }
        p50 = at(0.5)
        p99 = at(0.99)
        max = Double(sorted.last ?? 0) / 1000
    }
}

/// A group's accounts at a moment, with its latencies near the marks and away from them.
package struct TrafficReport: Sendable {
    package let name: String
    package let tally: Tally
    package let all: Latency
    /// Requests that began more than 100 ms from every mark.
    package let quiet: Latency
    /// Requests that began within 100 ms of a mark.
    package let nearMarks: Latency

    init(name: String, tally: Tally, marks: [Instant]) {
        self.name = name
        self.tally = tally
        let marks = marks.sorted()
        var quiet: [Int32] = []
        var near: [Int32] = []
        let reach: Int64 = 100_000_000
        var next = 0
        for sample in tally.samples.sorted(by: { $0.start < $1.start }) {
            while next < marks.count && marks[next].nanoseconds + reach < sample.start.nanoseconds {
                next += 1
            }
            let isNear = next < marks.count && marks[next].nanoseconds - reach <= sample.start.nanoseconds
            if isNear { near.append(sample.microseconds) } else { quiet.append(sample.microseconds) }
        }
        all = Latency(microseconds: quiet + near)
        self.quiet = Latency(microseconds: quiet)
        nearMarks = Latency(microseconds: near)
    }

    /// One line: counts, failures by kind, p50/p99/max of all, quiet and near the marks.
    package var description: String {
        let show = { (latency: Latency) in
            [latency.p50, latency.p99, latency.max].map { hundredths($0) }.joined(separator: "/")
        }
        var line = "\(name): \(tally.succeeded) of \(tally.started) ok"
        if tally.underway > 0 { line += ", \(tally.underway) underway" }
        for failure in RequestFailure.allCases where tally[failure] > 0 {
            line += ", \(tally[failure]) \(failure.rawValue)"
        }
        line += "; \(tally.established) of \(tally.connections) connections"
        if tally.handshakes > 0 { line += ", \(tally.handshakes) secured, \(tally.resumed) resumed" }
        if tally.closedIdle > 0 { line += ", \(tally.closedIdle) closed idle" }
        if tally.framesSent > 0 {
            line += "; frames \(tally.framesEchoed) of \(tally.framesSent), tunnels cut \(tally.tunnelsCut)"
        }
        line += "; ms \(show(all)), quiet \(show(quiet)), near \(show(nearMarks))"
        return line
    }

    /// The same as a JSON object on one line.
    package var json: String {
        let show = { (latency: Latency) in
            "{\"count\":\(latency.count),\"p50\":\(latency.p50),\"p99\":\(latency.p99),\"max\":\(latency.max)}"
        }
        let failures = RequestFailure.allCases.map { "\"\($0.rawValue)\":\(tally[$0])" }
        let counts = [
            ("started", tally.started), ("succeeded", tally.succeeded), ("underway", tally.underway),
            ("connections", tally.connections), ("established", tally.established),
            ("handshakes", tally.handshakes), ("resumed", tally.resumed),
            ("closed_idle", tally.closedIdle), ("close_announced", tally.closeAnnounced),
            ("bytes", tally.bytes), ("frames_sent", tally.framesSent), ("frames_echoed", tally.framesEchoed),
            ("tunnels_closed", tally.tunnelsClosed), ("tunnels_cut", tally.tunnelsCut),
        ].map { "\"\($0.0)\":\($0.1)" }
        // Names are ours: letters, digits, spaces and hyphens, so they need no escapes.
        return "{\"name\":\"\(name)\"," + counts.joined(separator: ",")
            + ",\"failures\":{" + failures.joined(separator: ",") + "}"
            + ",\"latency_ms\":{\"all\":\(show(all)),\"quiet\":\(show(quiet)),\"near\":\(show(nearMarks))}}"
    }
}

/// A number with two decimals.
package func hundredths(_ value: Double) -> String {
    let scaled = Int((value * 100).rounded())
    let fraction = abs(scaled) % 100
    return "\(scaled < 0 ? "-" : "")\(abs(scaled) / 100).\(fraction < 10 ? "0" : "")\(fraction)"
}
