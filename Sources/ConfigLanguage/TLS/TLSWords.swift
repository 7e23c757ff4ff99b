// What a line says of versions and lists, and what of `global` stands where it says nothing. Versions are kept as
// places among all that HAProxy names, so that SSLv3 can be said, and refused with its name.

/// The words of one `bind` or `server` line, or of `ssl-default-bind-options` and its kin.
struct TLSWords: Equatable, Sendable {
    static let versions = ["SSLv3"] + TLSVersion.allCases.map(\.rawValue)
    /// The place of TLSv1.2, the lowest version unless a line says otherwise.
    static let usualMinimum = 3

    var ciphers: String?
    var ciphersuites: String?
    var curves: String?
    /// `ecdhe`: where no `curves` are named.
    var namedCurve: String?
    var minimum: Int?
    var maximum: Int?
    /// `no-tlsv11`
    var excluded: Set<Int> = []
    var usesTickets: Bool?
    var prefersClientCiphers: Bool?
    var strictSNI: Bool?
    /// Of servers.
    var verify: PeerVerification?

    /// These words, and `defaults` where they say nothing.
    func completed(by defaults: TLSWords) -> TLSWords {
        var words = self
        words.ciphers = ciphers ?? defaults.ciphers
        words.ciphersuites = ciphersuites ?? defaults.ciphersuites
        words.curves = curves ?? defaults.curves
        words.minimum = minimum ?? defaults.minimum
        words.maximum = maximum ?? defaults.maximum
        words.excluded.formUnion(defaults.excluded)
        words.usesTickets = usesTickets ?? defaults.usesTickets
        words.prefersClientCiphers = prefersClientCiphers ?? defaults.prefersClientCiphers
        words.strictSNI = strictSNI ?? defaults.strictSNI
        words.verify = verify ?? defaults.verify
        return words
    }

    /// The versions that are left, and what HAProxy says of odd ones.
    struct Outcome {
        /// Nil: none is left.
        var range: ClosedRange<Int>?
        /// `no-tlsv1x` stands beside a limit, which alone counts.
        var ignoresExclusions = false
        /// The highest is below the usual lowest, and takes its place.
        var lowersMinimum = false
    }

    /// `floor`: the lowest unless a word says otherwise.
    func outcome(from floor: Int = usualMinimum) -> Outcome {
        var outcome = Outcome()
        outcome.ignoresExclusions = !excluded.isEmpty && (minimum != nil || maximum != nil)
        var lowest = minimum ?? floor
        if minimum == nil, let maximum, maximum < lowest {
            outcome.lowersMinimum = true
            lowest = maximum
        }
        let out = outcome.ignoresExclusions ? [] : excluded
        // SSLv3 itself OpenSSL has no longer.
        let left = Self.versions.indices.filter {
            $0 > 0 && $0 >= lowest && $0 <= maximum ?? $0 && !out.contains($0)
        }
        if let first = left.first, let last = left.last { outcome.range = first...last }
        return outcome
    }

    /// Puts the words into `settings`, with `range` as the versions.
    func complete(_ settings: inout TLSProtocolSettings, _ range: ClosedRange<Int>) {
        let versions = TLSVersion.allCases
        settings.ciphers = ciphers
        settings.ciphersuites = ciphersuites
        settings.curves = curves ?? namedCurve
        settings.minimum = versions[range.lowerBound - 1]
        settings.maximum = range.upperBound == versions.count ? nil : versions[range.upperBound - 1]
        settings.usesTickets = usesTickets ?? true
    }
}
