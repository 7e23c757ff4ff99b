// The lines of `show sess`: HAProxy's fields in its order. mwproxy has no figures for the flags of HAProxy's
// buffers and prints them as 0; `phase` at the end is ours.

package struct SessionLine: Equatable, Sendable {
    /// `0x55fb01232b50`
    package var id: String
    /// `tcpv4`, `tcpv6`, `unix_stream`, `sockpair`
    package var transport: String
    package var source: String
    package var frontend: String
    /// Nil for `<NONE>`.
    package var backend: String?
    /// Nil for `<none>`.
    package var server: String?
    /// Seconds.
    package var age: Int
    /// Seconds until it times out; nil: never.
    package var expires: Int?
    /// Retries left.
    package var retries: Int
    package var clientDescriptor: Int32
    package var serverDescriptor: Int32
    /// mwproxy's word for what the stream does: `request`, `queue`, `connect`, `response`, `data`, `tunnel`.
    package var phase: String?

    package init(
        id: String, transport: String, source: String, frontend: String, backend: String? = nil,
        server: String? = nil, age: Int, expires: Int? = nil, retries: Int = 0, clientDescriptor: Int32 = -1,
        serverDescriptor: Int32 = -1, phase: String? = nil
    ) {
        self.id = id
        self.transport = transport
        self.source = source
        self.frontend = frontend
        self.backend = backend
        self.server = server
        self.age = age
        self.expires = expires
        self.retries = retries
        self.clientDescriptor = clientDescriptor
        self.serverDescriptor = serverDescriptor
        self.phase = phase
    }

    /// An admin session, not a client's.
    package var isAdminSession: Bool { frontend == "GLOBAL" }

    /// `12s`, `1m05s` as `5m12s`, `2h3m`, `1d4h`: HAProxy's two largest units.
    package static func span(ofSeconds seconds: Int) -> String {
        let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60)
        if days > 0 { return "\(days)d\(hours)h" }
        if hours > 0 { return "\(hours)h\(minutes)m" }
        if minutes > 0 { return "\(minutes)m\(seconds % 60)s" }
        return "\(seconds)s"
    }

    /// Seconds of such a span.
    package static func seconds(ofSpan text: some StringProtocol) -> Int? {
        var total = 0
        var number = 0
        var digits = false
        for character in text {
            if let digit = character.wholeNumberValue, character.isASCII, number < 1_000_000_000 {
                number = number * 10 + digit
                digits = true
                continue
            }
            guard digits, let scale = ["d": 86400, "h": 3600, "m": 60, "s": 1][character] else { return nil }
            total += number * scale
            number = 0
            digits = false
        }
        return digits || text.isEmpty ? nil : total
    }

    /// The line with its newline.
    package var line: String {
        let channel = "f=0h,i=0,an=00h,rx=,wx=,ax="
        return "\(id): proto=\(transport) src=\(source) fe=\(frontend) be=\(backend ?? "<NONE>")"
            + " srv=\(server ?? "<none>") ts=00 epoch=0x0 age=\(Self.span(ofSeconds: age)) calls=0 rate=0 cpu=0"
            + " lat=0 rq[\(channel)] rp[\(channel)] scf=[8,0h,fd=\(clientDescriptor)]"
            + " scb=[\(serverDescriptor >= 0 ? 8 : 0),0h,fd=\(serverDescriptor)]"
            + " exp=\(expires.map(Self.span) ?? "") rc=\(retries) c_exp=\(phase.map { " phase=\($0)" } ?? "")\n"
    }

    /// Reads a line of any version; nil where it is none.
    package init?(parsing line: some StringProtocol) {
        guard line.hasPrefix("0x"), let colon = line.firstIndex(of: ":") else { return nil }
        var values: [Substring: Substring] = [:]
        for word in Substring(line[line.index(after: colon)...]).split(separator: " ") {
            guard let equals = word.firstIndex(of: "="), !word[..<equals].contains("[") else { continue }
            let name = word[..<equals]
            if values[name] == nil { values[name] = word[word.index(after: equals)...] }
        }
        guard let transport = values["proto"], let source = values["src"], let frontend = values["fe"],
            let age = values["age"].flatMap({ Self.seconds(ofSpan: $0) })
        else { return nil }
        func named(_ name: Substring) -> String? {
            values[name].flatMap { $0.hasPrefix("<") ? nil : String($0) }
        }
        self.init(
            id: String(line[..<colon]), transport: String(transport), source: String(source),
            frontend: String(frontend), backend: named("be"), server: named("srv"), age: age,
            expires: values["exp"].flatMap { Self.seconds(ofSpan: $0) },
            retries: values["rc"].flatMap { Int($0) } ?? 0,
            clientDescriptor: Self.descriptor("scf", in: line),
            serverDescriptor: Self.descriptor("scb", in: line), phase: values["phase"].map(String.init))
    }

    /// `fd` of `scf=[8,0h,fd=17]`; `fd=1/17` in 3.x is thread group and descriptor.
    private static func descriptor(_ side: String, in line: some StringProtocol) -> Int32 {
        for word in Substring(line).split(separator: " ") where word.hasPrefix(side + "=[") {
            for field in word.dropFirst(side.count + 2).split(separator: ",") where field.hasPrefix("fd=") {
                let number = field.dropFirst(3).prefix { $0 != "]" }
                return number.split(separator: "/").last.flatMap { Int32($0) } ?? -1
            }
        }
        return -1
    }

    /// The lines of a whole reply; what is no session line is skipped.
    package static func parse(_ text: String) -> [SessionLine] {
        text.split(separator: "\n").compactMap { SessionLine(parsing: $0) }
    }
}
