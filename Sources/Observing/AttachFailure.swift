// Why there is nothing to watch.

import ReloadModel

/// Why there is no one master to watch.
package enum AttachFailure: Error, Equatable, Sendable {
    /// No master runs here.
    case none
    /// Which one? Youngest last.
    case several([RunningMaster])
    /// The one that was named cannot be watched: a sentence that says why and what would help.
    case unsuitable(String)
}
