// `show ssl cert`: the certificate files that a worker has in its memory, and those that are being changed.

package struct CertificateList: Equatable, Sendable {
    /// Files with a change that is not committed yet, without the `*` that they are shown with.
    package var transactions: [String]
    /// In the order of their names.
    package var files: [String]

    private static let transactionHeading = "# transaction"
    private static let heading = "# filename"

    package init(transactions: [String] = [], files: [String]) {
        self.transactions = transactions
        self.files = files
    }

    /// The reply.
    package var text: String {
        let changing =
            transactions.isEmpty
            ? "" : Self.transactionHeading + "\n" + transactions.map { "*\($0)\n" }.joined()
        return changing + Self.heading + "\n" + files.map { $0 + "\n" }.joined()
    }

    /// Finds the reply in what a worker said, up to its blank line; nil: there is none.
    package init?(parsing text: some StringProtocol) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let begin = lines.firstIndex(where: { $0 == Self.heading }) else { return nil }
        let changing = lines[..<begin].lastIndex { $0 == Self.transactionHeading }
        transactions =
            changing.map { start in
                lines[(start + 1)..<begin].filter { $0.hasPrefix("*") }.map { String($0.dropFirst()) }
            } ?? []
        let rest = lines[(begin + 1)...]
        files = rest[..<(rest.firstIndex { $0.isEmpty } ?? rest.endIndex)].map { String($0) }
    }
}
