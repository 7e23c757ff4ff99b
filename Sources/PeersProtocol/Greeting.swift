// The first lines: who calls, whom, and in which version; and the status that answers.

/// The status codes of the protocol.
package enum PeerStatus: Int, Sendable {
    case success = 200
    case tryAgain = 300
    case protocolError = 501
    case badVersion = 502
    /// The caller wanted a peer of another name.
    case unknownHost = 503
    /// The caller is no peer of ours.
    case unknownPeer = 504

    /// Four letters of `show peers`.
    package var word: String {
        switch self {
        case .success: "ESTA"
        case .tryAgain: "RETR"
        case .protocolError: "PROT"
        case .badVersion: "VERS"
        case .unknownHost: "NAME"
        case .unknownPeer: "UNKN"
        }
    }

    package var line: [UInt8] { Array("\(rawValue)\n".utf8) }
}

/// What a caller says first.
package struct Greeting: Equatable, Sendable {
    package static let proto = "HAProxyS"
    /// The longest line that is read.
    package static let longestLine = 512

    /// Minor version: 1, or 0 of peers that know neither times nor names.
    package var minor = 1
    /// Whom the caller wants.
    package var remote: String
    /// Who the caller is.
    package var local: String
    package var pid: Int32
    package var relativePID: Int32 = 1

    package init(remote: String, local: String, pid: Int32) {
        self.remote = remote
        self.local = local
        self.pid = pid
    }

    package var bytes: [UInt8] {
        Array("\(Self.proto) 2.\(minor)\n\(remote)\n\(local) \(pid) \(relativePID)\n".utf8)
    }

    /// Why a greeting is refused.
    package struct Refusal: Error, Equatable {
        package var status: PeerStatus
        package var fault: PeerFault
    }

    /// The three lines, without their ends.
    package init(lines: [String]) throws(Refusal) {
        let version = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        guard version.count == 2, version[0] == Self.proto else {
            throw Refusal(
                status: .protocolError,
                fault: .greeting(expected: "'\(Self.proto) 2.1'", found: Self.quoted(lines[0])))
        }
        switch version[1] {
        case "2.1": minor = 1
        case "2.0": minor = 0
        default:
            throw Refusal(
                status: .badVersion,
                fault: .greeting(expected: "version 2.0 or 2.1", found: Self.quoted(lines[0])))
        }
        remote = lines[1]
        let words = lines[2].split(separator: " ")
        guard words.count == 3, let pid = Int32(words[1]), let relative = Int32(words[2]) else {
            throw Refusal(
                status: .protocolError,
                fault: .greeting(expected: "a peer's name and two numbers", found: Self.quoted(lines[2])))
        }
        local = String(words[0])
        self.pid = pid
        relativePID = relative
    }

    /// In quotes, cut, and without characters that could drive a terminal.
    package static func quoted(_ text: some StringProtocol) -> String {
        let shown = text.unicodeScalars.prefix(60).map {
            (0x20..<0x7f).contains($0.value) ? Character($0) : "?"
        }
        return "'\(String(shown))'\(text.unicodeScalars.count > 60 ? "…" : "")"
    }
}

/// Collects lines as they come, each of bounded length.
package struct LineCollector {
    private var line: [UInt8] = []
    package private(set) var lines: [String] = []
    private let wanted: Int

    package init(wanted: Int) {
        self.wanted = wanted
    }

    /// Takes bytes up to the end of the last line that is wanted; returns how many it took. True: all are there.
    package mutating func take(_ bytes: UnsafeRawBufferPointer) throws(PeerFault) -> (
        taken: Int, isDone: Bool
    ) {
        for (place, byte) in bytes.enumerated() {
            if byte != 0x0a {
                guard line.count < Greeting.longestLine else {
                    throw .greeting(
                        expected: "a line of at most \(Greeting.longestLine) bytes",
                        found: Greeting.quoted(String(decoding: line, as: UTF8.self)))
                }
                line.append(byte)
                continue
            }
            if line.last == 0x0d { line.removeLast() }
            lines.append(String(decoding: line, as: UTF8.self))
            line.removeAll(keepingCapacity: true)
            if lines.count == wanted { return (place + 1, true) }
        }
        return (bytes.count, false)
    }
}
