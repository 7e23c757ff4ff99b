// Reads the lines of `show sess`: HAProxy's of 2.4 to 3.x and mwproxy's. A worker may have ten thousand of them and
// the reader has a screen to keep alive, so a line is read in one walk over its bytes.

extension SessionLine {
    /// The lines of a whole reply; what is no session line is skipped.
    package static func parse(_ text: String) -> [SessionLine] {
        var lines: [SessionLine] = []
        _ = takeLines(from: Array(text.utf8)) { lines.append($0) }
        return lines
    }

    /// Reads the complete lines that `bytes` begins with; what is no session line is skipped. Returns how many bytes
    /// they are.
    package static func takeLines(from bytes: [UInt8], _ body: (SessionLine) -> Void) -> Int {
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            var line = Bytes(base: base, start: 0, end: 0)
            for index in 0..<buffer.count where base[index] == UInt8(ascii: "\n") {
                line.end = index
                if let session = SessionLine(line) { body(session) }
                line.start = index + 1
            }
            return line.start
        }
    }

    /// Reads a line of any version; nil where it is none.
    package init?(parsing line: some StringProtocol) {
        let bytes = Array(line.utf8)
        let read = bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.flatMap { SessionLine(Bytes(base: $0, start: 0, end: buffer.count)) }
        }
        guard let read else { return nil }
        self = read
    }

    private init?(_ line: Bytes) {
        guard line.count > 3, line[0] == UInt8(ascii: "0"), line[1] == UInt8(ascii: "x"),
            let colon = line.place(of: UInt8(ascii: ":"))
        else { return nil }
        var reader = Reader()
        line.from(colon + 1).forEachPart(between: UInt8(ascii: " ")) { reader.take($0) }
        // A stream that the proxy itself began (a peers session to another) has neither source nor frontend.
        guard let transport = reader.transport, let age = reader.age,
            reader.source != nil && reader.frontend != nil || transport == "?"
        else { return nil }
        self.init(
            id: line.upTo(colon).text, transport: transport, source: reader.source ?? "",
            frontend: reader.frontend ?? "", backend: reader.backend, server: reader.server, age: age,
            expires: reader.expires, retries: reader.retries, clientDescriptor: reader.clientDescriptor,
            serverDescriptor: reader.serverDescriptor, phase: reader.phase)
        if reader.phase == nil { inner = reader.inner }
    }

    /// A part of a line, by its place in memory: slices of arrays cost more than the reading itself.
    private struct Bytes {
        let base: UnsafePointer<UInt8>
        var start: Int
        var end: Int

        var count: Int { end - start }
        subscript(offset: Int) -> UInt8 { base[start + offset] }

        func from(_ offset: Int) -> Bytes { Bytes(base: base, start: start + offset, end: end) }
        func upTo(_ offset: Int) -> Bytes { Bytes(base: base, start: start, end: start + offset) }

        /// Where a byte first is; nil: nowhere.
        func place(of byte: UInt8) -> Int? {
            var index = start
            while index < end {
                if base[index] == byte { return index - start }
                index += 1
            }
            return nil
        }

        var text: String {
            String(decoding: UnsafeBufferPointer(start: base + start, count: count), as: UTF8.self)
        }

        /// The number that it begins with, at most 32 bits of it; 0 where there is none.
        func number(radix: Int = 16) -> Int {
            var value = 0
            var index = start
            while index < end {
                let byte = base[index]
                let letter = byte | 0x20
                let digit =
                    byte >= 0x30 && byte <= 0x39
                    ? Int(byte) - 0x30 : letter >= 0x61 && letter <= 0x66 ? Int(letter) - 0x57 : radix
                guard digit < radix else { break }
                value = (value * radix + digit) & 0xFFFF_FFFF
                index += 1
            }
            return value
        }

        /// Seconds of a span as `span(ofSeconds:)` writes it; nil where it is none.
        var seconds: Int? {
            var total = 0
            var number = 0
            var digits = false
            var index = start
            while index < end {
                let byte = base[index]
                index += 1
                if byte >= 0x30, byte <= 0x39, number < 1_000_000_000 {
                    number = number * 10 + Int(byte) - 0x30
                    digits = true
                    continue
                }
                let scale: Int
                switch byte {
                case UInt8(ascii: "d"): scale = 86400
                case UInt8(ascii: "h"): scale = 3600
                case UInt8(ascii: "m"): scale = 60
                case UInt8(ascii: "s"): scale = 1
                default: return nil
                }
                guard digits else { return nil }
                total += number * scale
                number = 0
                digits = false
            }
            return digits || count == 0 ? nil : total
        }

        /// The parts between separators that are not empty.
        func forEachPart(between separator: UInt8, _ body: (Bytes) -> Void) {
            var first = start
            while first < end {
                var stop = first
                while stop < end, base[stop] != separator { stop += 1 }
                if stop > first { body(Bytes(base: base, start: first, end: stop)) }
                first = stop + 1
            }
        }
    }

    /// What the words of a line have told so far.
    private struct Reader {
        var transport: String?
        var source: String?
        var frontend: String?
        var backend: String?
        var server: String?
        var age: Int?
        var expires: Int?
        var retries = 0
        var phase: String?
        var clientDescriptor: Int32 = -1
        var serverDescriptor: Int32 = -1
        var inner = Inner()

        mutating func take(_ word: Bytes) {
            guard word.count > 2 else { return }
            var mark = 0
            while mark < word.count, word[mark] != UInt8(ascii: "="), word[mark] != UInt8(ascii: "[") {
                mark += 1
            }
            guard mark < word.count else { return }
            let value = word.from(mark + 1)
            // Of two words with the same name the first holds: names of proxies are chosen by their owners.
            switch (word[0], word[1]) {
            case (UInt8(ascii: "p"), UInt8(ascii: "r")): set(&transport, value)
            case (UInt8(ascii: "p"), UInt8(ascii: "h")): set(&phase, value)
            case (UInt8(ascii: "s"), UInt8(ascii: "r")):
                if word[2] == UInt8(ascii: "c") { set(&source, value) } else { set(&server, value) }
            case (UInt8(ascii: "f"), _): set(&frontend, value)
            case (UInt8(ascii: "b"), _): set(&backend, value)
            case (UInt8(ascii: "a"), _): age = age ?? value.seconds
            case (UInt8(ascii: "e"), UInt8(ascii: "x")): expires = value.seconds
            case (UInt8(ascii: "c"), UInt8(ascii: "_")): set(.connect, value)
            case (UInt8(ascii: "r"), UInt8(ascii: "c")): retries = value.number(radix: 10)
            case (UInt8(ascii: "r"), UInt8(ascii: "q")): takeChannel(value, ofRequest: true)
            case (UInt8(ascii: "r"), UInt8(ascii: "p")): takeChannel(value, ofRequest: false)
            case (UInt8(ascii: "s"), UInt8(ascii: "c")):
                takeEnd(value.from(min(1, value.count)), isServer: word[2] == UInt8(ascii: "b"))
            default: break
            }
        }

        /// `f=49c40080h,i=0,an=8000h,rx=,wx=,ax=]`
        private mutating func takeChannel(_ text: Bytes, ofRequest: Bool) {
            Self.forEachField(of: text) { name, value in
                switch (name.0, name.1) {
                case (UInt8(ascii: "f"), 0):
                    if ofRequest, value.number() & 0x4000_0000 != 0 { inner.isRequestComplete = true }
                case (UInt8(ascii: "a"), UInt8(ascii: "n")):
                    let analysers = UInt32(value.number())
                    if ofRequest {
                        inner.requestAnalysers = analysers
                    } else {
                        inner.responseAnalysers = analysers
                    }
                case (UInt8(ascii: "r"), UInt8(ascii: "x")): set(ofRequest ? .clientRead : .serverRead, value)
                case (UInt8(ascii: "w"), UInt8(ascii: "x")):
                    set(ofRequest ? .serverWrite : .clientWrite, value)
                case (UInt8(ascii: "a"), UInt8(ascii: "x")): set(ofRequest ? .request : .response, value)
                default: break
                }
            }
        }

        /// `8,80h,fd=17]`, in 3.x `8,402h,fd=1/15,rex=,wex=]`: `fd` is thread group and descriptor there.
        private mutating func takeEnd(_ text: Bytes, isServer: Bool) {
            if isServer { inner.serverState = text.number(radix: 10) }
            var flags = 0
            if let comma = text.place(of: UInt8(ascii: ",")) { flags = text.from(comma + 1).number() }
            Self.forEachField(of: text) { name, value in
                switch (name.0, name.1) {
                case (UInt8(ascii: "f"), UInt8(ascii: "d")):
                    var digits = value
                    if let slash = value.place(of: UInt8(ascii: "/")) { digits = value.from(slash + 1) }
                    let number =
                        digits.count > 0 && digits[0] == UInt8(ascii: "-") ? -1 : digits.number(radix: 10)
                    if isServer {
                        serverDescriptor = Int32(clamping: number)
                    } else {
                        clientDescriptor = Int32(clamping: number)
                    }
                case (UInt8(ascii: "r"), UInt8(ascii: "e")):
                    set(isServer ? .serverRead : .clientRead, value)
                    // Where the ends have deadlines of their own, the end of the request stands here too.
                    if !isServer, flags & 2 != 0 { inner.isRequestComplete = true }
                case (UInt8(ascii: "w"), UInt8(ascii: "e")):
                    set(isServer ? .serverWrite : .clientWrite, value)
                default: break
                }
            }
        }

        private mutating func set(_ deadline: Deadline, _ value: Bytes) {
            if value.count > 0, let seconds = value.seconds {
                inner.deadlines[deadline] = seconds
            }
        }

        /// A word; `<NONE>` and the like are none.
        private func set(_ word: inout String?, _ value: Bytes) {
            guard word == nil, value.count == 0 || value[0] != UInt8(ascii: "<") else { return }
            word = value.text
        }

        /// The `name=value` parts between commas, up to the bracket; of a name its first two bytes.
        private static func forEachField(of text: Bytes, _ body: ((UInt8, UInt8), Bytes) -> Void) {
            text.upTo(text.place(of: UInt8(ascii: "]")) ?? text.count).forEachPart(between: UInt8(ascii: ","))
            {
                guard let equals = $0.place(of: UInt8(ascii: "=")), equals > 0 else { return }
                body(($0[0], equals > 1 ? $0[1] : 0), $0.from(equals + 1))
            }
        }
    }

    /// Seconds of a span as `span(ofSeconds:)` writes it; nil where it is none.
    package static func seconds(ofSpan text: some StringProtocol) -> Int? {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.flatMap { Bytes(base: $0, start: 0, end: buffer.count).seconds }
        }
    }
}

extension SessionLine {
    /// What a stream waits for.
    package enum Activity: String, Sendable {
        /// The request is not there to its end.
        case request
        /// A tarpit.
        case tarpit
        case queue, connect
        /// The server has the request and has not begun to answer.
        case waiting
        /// The answer is under way.
        case response
        /// Bytes pass both ways unread: a WebSocket, CONNECT or plain TCP.
        case tunnel
        /// The proxy's own answer is under way.
        case reply
        /// With another proxy, to exchange tables.
        case peers
        case unknown
    }

    package var activity: Activity {
        if let phase {
            return switch phase {
            case "response": .waiting
            case "data": .response
            default: Activity(rawValue: phase) ?? .unknown
            }
        }
        guard let inner else { return .unknown }
        if transport == "?" { return .peers }
        // One that came from another is served by the proxy itself: nobody stands behind it.
        if inner.serverState == 8, serverDescriptor < 0, backend == frontend { return .peers }
        let tarpit: UInt32 = 0x200
        let transfersResponse: UInt32 = 0x400_0000
        if inner.requestAnalysers & tarpit != 0 { return .tarpit }
        switch inner.serverState {
        case 2: return .queue
        case 1, 3...6: return .connect
        case 7, 8:
            if inner.responseAnalysers & transfersResponse != 0 { return .response }
            if inner.requestAnalysers | inner.responseAnalysers == 0 { return .tunnel }
            return inner.isRequestComplete ? .waiting : .request
        default: return inner.requestAnalysers != 0 ? .request : .unknown
        }
    }
}
