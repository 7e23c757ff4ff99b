// Finds the network of an address, however many there are.

import ConfigLanguage

/// Networks of both families.
struct NetworkIndex: ~Copyable {
    private var narrow = NetworkList<UInt32>()
    private var wide = NetworkList<UInt128>()

    /// `networks`: with their places.
    init(_ networks: [(Network, place: Int)]) {
        for (network, place) in networks {
            switch network {
            case .ipv4(let address, let prefix): narrow.append(address, prefix, place)
            case .ipv6(let high, let low, let prefix): wide.append(Self.join(high, low), prefix, place)
            }
        }
        narrow.settle()
        wide.settle()
    }

    private static func join(_ high: UInt64, _ low: UInt64) -> UInt128 { UInt128(high) << 64 | UInt128(low) }

    func place(of sample: Sample) -> Int? {
        switch sample {
        case .ipv4(let host): narrow.place(of: host)
        case .ipv6(0, let low) where low >> 32 == 0xFFFF: narrow.place(of: UInt32(truncatingIfNeeded: low))
        case .ipv6(let high, let low): wide.place(of: Self.join(high, low))
        default: nil
        }
    }
}

/// Networks of one family by their length: one look for each length that there is.
private struct NetworkList<Address: FixedWidthInteger>: ~Copyable {
    private struct Item {
        let prefix: Int
        let address: Address
        let place: Int
    }
    /// The longest first, then by address.
    private var items: [Item] = []
    private var lengths: [(mask: Address, items: Range<Int>)] = []

    mutating func append(_ address: Address, _ prefix: Int, _ place: Int) {
        items.append(Item(prefix: prefix, address: address & Self.mask(prefix), place: place))
    }

    private static func mask(_ prefix: Int) -> Address {
        prefix <= 0 ? 0 : ~0 << Address(Address.bitWidth - prefix)
    }

    /// Puts them in order; all are there.
    mutating func settle() {
        items.sort { ($1.prefix, $0.address, $0.place) < ($0.prefix, $1.address, $1.place) }
        var start = 0
        while start < items.count {
            let prefix = items[start].prefix
            let end = items[start...].firstIndex { $0.prefix != prefix } ?? items.count
            lengths.append((Self.mask(prefix), start..<end))
            start = end
        }
    }

    /// Of the longest network that has `host`, and of equal ones of the first.
    func place(of host: Address) -> Int? {
        for (mask, range) in lengths {
            let address = host & mask
            var low = range.lowerBound
            var high = range.upperBound
            while low < high {
                let middle = (low + high) / 2
                if items[middle].address < address { low = middle + 1 } else { high = middle }
            }
            if low < range.upperBound, items[low].address == address { return items[low].place }
        }
        return nil
    }
}
