// What somebody else has written down or can tell of the time before this visit, in sentences.

/// Nil: nothing speaks for it.
package struct AuditedPast: Equatable, Sendable {
    /// Why the files may not be what runs although no change of their content was seen.
    package var drift: String?
    /// That another master ran with these files before.
    package var formerMaster: String?

    package init(drift: String? = nil, formerMaster: String? = nil) {
        self.drift = drift
        self.formerMaster = formerMaster
    }
}
