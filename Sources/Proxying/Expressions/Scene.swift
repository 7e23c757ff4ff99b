// What an expression can see: a connection, perhaps a stream of it, and the head that is being dealt with.

import ConfigLanguage
import HTTP1
import StickTables
import Unix

/// Which head lies in the core's hands.
enum HeadSide {
    case none, request, response
}

struct Scene {
    let core: ProxyCore
    let client: ClientConnection
    /// Nil: no request or TCP stream has begun.
    let stream: Stream?

    var now: Tick { core.tick }
    var hasRequest: Bool { core.headSide == .request }
    var hasResponse: Bool { core.headSide == .response }
    /// The bytes of the present head, with what rules added behind it.
    var head: UnsafeRawBufferPointer { core.headBytes }

    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: core.headBytes[range])
    }

    /// The entry that slot `number` tracks, for the stream or else for its connection.
    func tracked(_ number: Int) -> TrackedEntries.Tracked? {
        stream?.tracked[number] ?? client.session?.tracked[number]
    }

    /// Calls `body` with the fields of a name until it returns false.
    func eachField(_ name: [UInt8], inResponse: Bool, _ body: (HeaderField) -> Bool) {
        guard inResponse ? hasResponse : hasRequest else { return }
        let bytes = core.headBytes.assumingMemoryBound(to: UInt8.self)
        let span = bytes.span
        if inResponse {
            for field in core.responseHead.section.fields where span.matches(field.name, lowercased: name) {
                guard body(field) else { return }
            }
        } else {
            for field in core.requestHead.section.fields where span.matches(field.name, lowercased: name) {
                guard body(field) else { return }
            }
        }
    }
}

extension ProxyCore {
    var tick: Tick { Tick(milliseconds: loop.now.nanoseconds / 1_000_000) }
}
