// `slowstart`: a server that comes back gets its share of the load bit by bit, in sixteenths of its weight.

import ConfigLanguage
import Polling
import Unix

/// How much of its weight a server has.
package struct Warmth: Sendable {
    /// Sixteenths, 1…16.
    package let parts: Int

    static let full = Warmth(parts: 16)

    init(parts: Int) {
        self.parts = parts
    }

    /// After `elapsed` of `span`.
    init(elapsed: Duration, of span: Duration) {
        let (done, all) = (elapsed.nanoseconds, span.nanoseconds)
        parts = done >= all ? 16 : min(16, Int(max(0, done) / max(1, all / 16)) + 1)
    }

    package var percent: Int { parts * 100 / 16 }

    /// The part of `number` that counts now, rounded up.
    package func part(of number: Int) -> Int { (number * parts + 15) / 16 }
}

extension ProxyCore {
    /// Begins the slow start of a server that has just come back, where its line has one.
    func startSlowly(_ server: Server) {
        guard let span = server.options.slowStart, span > .zero, server.isRunning else { return }
        let timer = Timer(on: loop) { [unowned self, unowned server] in warm(server, span) }
        server.warming = timer
        warm(server, span)
    }

    private func warm(_ server: Server, _ span: Duration) {
        let elapsed = loop.now - server.lastChange
        server.warmth = Warmth(elapsed: elapsed, of: span)
        guard elapsed < span else {
            server.endSlowStart()
            announceUp(server, ". \(online(server.backend))")
            return
        }
        server.warming?.set(
            at: server.lastChange.advanced(byNanoseconds: span.nanoseconds / 16 * Int64(server.warmth.parts)))
        serverHasRoom(server)
    }
}

extension Server {
    /// `SRV_ST_STARTING`: it is up, with a part of its weight.
    package var isStarting: Bool { warming != nil }

    /// It has its whole weight, or is gone.
    func endSlowStart() {
        warming?.cancel()
        warming = nil
        warmth = .full
    }
}
