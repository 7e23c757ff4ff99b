// `show errors`: the messages that could not be understood, with their bytes.

import AdminSocket
import Proxying
import RuntimeAPI
import Unix

struct ErrorCommand {
    let core: ProxyCore

    func show(_ request: AdminRequest) -> AdminReply {
        let words = Array(request.arguments)
        var id: Int?
        if let word = words.first, word != "-1" {
            guard let found = proxyID(word) else { return .text(Refusal.noProxy) }
            id = found
        }
        let kind = words.dropFirst().first
        let date = CivilTime.logText(ofMicroseconds: WallClock.now().localMicroseconds, decimals: 3)
        var pieces = ["Total events captured on [\(date)] : \(core.capturedMessages)\n"]
        for proxy in core.proxies {
            if let message = proxy.frontend?.invalidRequest, kind != "response" {
                let parties = [message.frontend, message.backend]
                if id == nil || parties.contains(where: { $0?.id == id }) {
                    pieces.append(
                        text(
                            message, of: "frontend", message.frontend, "request", beside: "backend",
                            message.backend))
                }
            }
            if let message = proxy.backend?.invalidResponse, let backend = message.backend, kind != "request"
            {
                if id == nil || id == backend.id || id == message.frontend.id {
                    pieces.append(
                        text(
                            message, of: "backend", backend, "response", beside: "frontend", message.frontend)
                    )
                }
            }
        }
        var rest = pieces[...]
        return .pieces { rest.popFirst().map { Array($0.utf8) } }
    }

    /// A proxy by name or number.
    private func proxyID(_ word: String) -> Int? {
        let named = core.proxies.first { $0.name == word }
        if let named { return named.frontend?.id ?? named.backend?.id }
        guard let number = Int(word) else { return nil }
        return core.proxies.contains { ($0.frontend?.id ?? $0.backend?.id) == number } ? number : nil
    }

    private func text(
        _ message: InvalidMessage, of side: String, _ proxy: InvalidMessage.Party, _ kind: String,
        beside otherSide: String, _ other: InvalidMessage.Party?
    ) -> String {
        func words(_ party: InvalidMessage.Party?) -> String {
            party.map { "\($0.name) (#\($0.id))" } ?? "<NONE> (#-1)"
        }
        let date = CivilTime.logText(ofMicroseconds: message.at.localMicroseconds, decimals: 3)
        let size = message.bytes.count
        return """
             
            [\(date)] \(side) \(words(proxy)): invalid \(kind)
              \(otherSide) \(words(other)), server \(words(message.server)), event #\(message.event), src \(message.source)
              buffer starts at \(message.start) (including 0 out), \(max(0, 16384 - size)) free,
              len \(size), wraps at 16384, error at position \(message.position)
              
            \(TextDump.text(of: message.bytes))
            """
    }
}
