// Names of servers, each once: entries keep a number. Names that no entry has any longer go, so that peers which name
// ever new servers do not fill the memory.

/// The names that a table's entries share.
struct SharedNames {
    /// Number 0 is none.
    private var names: [String?] = [nil]
    private var numbers: [String: UInt32] = [:]
    private var free: [UInt32] = []
    /// With so many names, those that are not used are dropped before another one comes.
    private var limit = Self.least

    private static let least = 1024

    subscript(number: Int) -> String? { names[number] }

    func number(of name: String) -> UInt32? { numbers[name] }

    var count: Int { numbers.count }

    /// Whether it is time for `keep`.
    var isFull: Bool { numbers.count >= limit }

    mutating func add(_ name: String) -> UInt32 {
        let number: UInt32
        if let place = free.popLast() {
            number = place
            names[Int(place)] = name
        } else {
            number = UInt32(names.count)
            names.append(name)
        }
        numbers[name] = number
        return number
    }

    /// Drops all but these numbers. The next time comes when there are twice as many.
    mutating func keep(_ used: Set<UInt32>) {
        for (name, number) in numbers where !used.contains(number) {
            numbers[name] = nil
            names[Int(number)] = nil
            free.append(number)
        }
        limit = max(Self.least, 2 * numbers.count)
    }
}
