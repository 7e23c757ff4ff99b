// A peer in one line: whether there is a connection, and how far behind it is.

import ReloadModel
import TextUI

enum PeerSentence {
    static func of(_ peer: PeerStanding) -> String {
        let head = "peer \(peer.name) of \(peer.section), \(peer.address)"
        if peer.isLocal { return "\(head): this proxy itself" }
        guard peer.isConnected else {
            let again = peer.callsAgain.map { ", is called again in \($0)" } ?? ""
            return "\(head): NOT CONNECTED (\(peer.status))\(again); how far behind it is: ?"
        }
        let since = peer.greeted.map { " for \($0)" } ?? ""
        let lag =
            peer.lags.isEmpty
            ? "was told everything"
            : "BEHIND by " + peer.lags.map { "\($0.changes) changes of \($0.table)" }.joined(separator: ", ")
        return "\(head): connected\(since), \(lag)"
    }

    static func style(_ peer: PeerStanding) -> Style {
        if peer.isLocal { return .label }
        if !peer.isConnected { return Style(.red) }
        return peer.lags.isEmpty ? Style(.green) : Style(.yellow)
    }
}
