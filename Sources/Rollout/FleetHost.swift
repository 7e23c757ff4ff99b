// A host of a rollout, by the name that ssh is given. What could be read there as anything else than a name is refused.

package struct FleetHost: Hashable, Sendable, CustomStringConvertible {
    /// Why a name is refused, a sentence.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// `host` or `user@host`, as on ssh's command line.
    package let name: String

    package var description: String { name }

    /// Beside letters and digits: IPv6 addresses and their zones, and the punctuation of host and user names.
    private static let punctuation: Set<Unicode.Scalar> = [".", "-", "_", ":", "%", "@", "+"]

    package init(_ name: String) throws(Fault) {
        func fault(_ why: String) -> Fault {
            Fault(description: "--host needs HOST or USER@HOST, found '\(name)': \(why)")
        }
        let parts = name.split(separator: "@", omittingEmptySubsequences: false)
        if parts.contains(where: \.isEmpty) { throw fault("a part is empty") }
        if parts.contains(where: { $0.hasPrefix("-") }) { throw fault("it could be taken for an option") }
        for scalar in name.unicodeScalars {
            let isPlain = scalar.isPlainLetterOrDigit || Self.punctuation.contains(scalar)
            if !isPlain { throw fault("a name has letters, digits and . - _ : % +") }
        }
        self.name = name
    }

    /// The hosts in the order in which they were named.
    package static func list(_ names: [String]) throws(Fault) -> [FleetHost] {
        var hosts: [FleetHost] = []
        for name in names {
            let host = try FleetHost(name)
            if hosts.contains(host) {
                throw Fault(description: "--host \(name) is given twice: each host is reloaded once")
            }
            hosts.append(host)
        }
        if hosts.isEmpty { throw Fault(description: "--host is missing: name at least one") }
        return hosts
    }
}
