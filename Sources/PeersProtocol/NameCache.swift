// Names of servers are sent once and by a small number from then on; each direction of a session has its own list.

/// The names that were sent.
struct SentNames {
    /// Numbers that both sides agree on.
    static let most = 128

    private var numbers: [String: Int] = [:]
    private var names: [String?] = Array(repeating: nil, count: most)
    private var next = 0

    /// In the order of their numbers; nil: not in use.
    var all: [String?] { names }

    /// The number of a name from 1 on, and whether the other side knows it already.
    mutating func number(of name: String) -> (number: Int, isKnown: Bool) {
        if let number = numbers[name] { return (number, true) }
        if let old = names[next] { numbers[old] = nil }
        names[next] = name
        let number = next + 1
        numbers[name] = number
        next = number % Self.most
        return (number, false)
    }
}

/// The names that came.
struct ReceivedNames {
    private var names: [String?] = Array(repeating: nil, count: SentNames.most)

    var all: [String?] { names }

    /// What an entry of a name's kind says: a length, then a number, and the name itself where it is new.
    mutating func read(_ content: inout ContentReader) throws(PeerFault) -> String? {
        let length = try content.integer("the length of a name")
        if length == 0 { return nil }
        var part = ContentReader(message: content.message, try content.take(length, "a name"))
        let number = try part.integer("the number of a name")
        guard (1...UInt64(SentNames.most)).contains(number) else {
            throw part.fault("a number of a name from 1 to \(SentNames.most)", "\(number)")
        }
        if part.rest == 0 { return names[Int(number) - 1] }
        let size = try part.integer("the length of a name")
        let name = String(decoding: try part.take(size, "a name"), as: UTF8.self)
        names[Int(number) - 1] = name
        return name
    }
}
