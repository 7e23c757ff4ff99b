// What must agree across the hosts behind one name, as a host tells it itself.

import ReloadModel
import RuntimeAPI

package struct HostFacts: Equatable, Sendable {
    package struct HashedFile: Hashable, Sendable {
        /// The host's name for it.
        package var file: String
        package var hash: String
    }

    /// The files that a load reads there now.
    package var configuration: Known<[HashedFile]>
    package var ticketKeys: Known<[HashedFile]>
    /// In milliseconds; nil: it is not set.
    package var hardStopAfter: Known<Int64?>
    /// What would be sent lies there already.
    package var hasContent: Bool

    /// Nil where the host's reloadtop tells nothing of the host.
    init?(_ document: JSON, sending content: NewContent?) {
        guard let host = document["host"], host != .null else { return nil }
        func reason(_ name: String) -> Unknown? { host["reasons"]?[name]?.string.map { Unknown($0) } }
        func files(_ name: String) -> Known<[HashedFile]> {
            if let why = reason(name) { return .unknown(why) }
            guard let list = host[name]?.array else { return .unknown(Unknown("not told")) }
            var files: [HashedFile] = []
            for entry in list {
                guard let hash = entry["sha256"]?.string else {
                    return .unknown(Unknown(entry["reason"]?.string ?? "not told"))
                }
                files.append(HashedFile(file: entry["file"]?.string ?? "?", hash: hash))
            }
            return .known(files)
        }
        configuration = files("configuration_sha256")
        ticketKeys = files("ticket_keys_sha256")
        hardStopAfter =
            reason("hard_stop_after_ms").map { .unknown($0) } ?? .known(host["hard_stop_after_ms"]?.integer)
        hasContent = content != nil && document["file"] == .null
    }
}
