// What `make bench BENCH='…'` understands.

import TestSupport

struct BenchUsage: Error {
    let text: String
    let code: Int32
}

struct BenchOptions {
    enum Section: String, CaseIterable {
        case cost, rules, tls, memory, tables, reload, moves, dashboard
    }

    var rounds = 5
    var seconds = 3.0
    var sections = Section.allCases
    var subjects: [ProxyKind] = [.haproxy, .mwproxy]
    var reloads = 25

    static let usage = """
        usage: Bench [options]
          --rounds N         pairs of measurements a figure (default 5)
          --seconds S        length of one measurement of CPU cost (default 3)
          --reloads N        reloads of a reload run (default 25)
          --only A,B         sections (default: all)
                               cost       CPU a request of plain HTTP
                               rules      CPU a request that rules look at
                               tls        handshakes and resumptions a CPU second, CPU a request over TLS, and memory
                                          per idle connection, with certificates made for the run
                               memory     memory per idle connection
                               tables     memory per entry of a stick table, and a reload with a million
                               reload     requests and milliseconds around reloads
                               moves      what becomes of idle and long connections at a reload
                               dashboard  what reloadtop costs
          --subjects A,B     the two that are compared (default haproxy,mwproxy)
        """

    init(arguments: [String]) throws {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            if option == "--help" || option == "-h" { throw BenchUsage(text: Self.usage, code: 0) }
            guard let value = rest.popFirst() else { throw Self.wrong("'\(option)' needs a value") }
            let words = value.split(separator: ",").map(String.init)
            switch option {
            case "--rounds": rounds = try Self.positive(value)
            case "--reloads": reloads = try Self.positive(value)
            case "--seconds":
                guard let number = Double(value), number > 0 else { throw Self.wrong("seconds: '\(value)'") }
                seconds = number
            case "--only":
                sections = words.compactMap(Section.init)
                if sections.count != words.count { throw Self.wrong("no such section in '\(value)'") }
            case "--subjects":
                subjects = words.compactMap(ProxyKind.init)
                if subjects.count != 2 { throw Self.wrong("two subjects are needed, found '\(value)'") }
            default: throw Self.wrong("no such option: '\(option)'")
            }
        }
    }

    private static func positive(_ value: String) throws -> Int {
        guard let number = Int(value), number > 0 else {
            throw wrong("a number above 0 is needed: '\(value)'")
        }
        return number
    }

    private static func wrong(_ what: String) -> BenchUsage {
        BenchUsage(text: "bench: \(what)\n\(usage)", code: 2)
    }

    /// Both subjects, the order changing with the round.
    func order(inRound round: Int) -> [(place: Int, kind: ProxyKind)] {
        let both = subjects.enumerated().map { (place: $0.offset, kind: $0.element) }
        return round.isMultiple(of: 2) ? both : both.reversed()
    }
}
