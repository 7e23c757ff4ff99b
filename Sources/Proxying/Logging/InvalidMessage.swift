// What `show errors` tells of: the last request of each frontend and the last response of each backend that could not
// be understood. One of each, and no more than a buffer's bytes.

import HTTP1
import Unix

/// A message that was refused.
package struct InvalidMessage: Sendable {
    /// A proxy or server by name and number.
    package struct Party: Sendable {
        package let name: String
        package let id: Int
    }

    package let at: WallClock
    /// How many were captured before it.
    package let event: Int
    package let frontend: Party
    package let backend: Party?
    package let server: Party?
    /// The client, as `show sess` names it.
    package let source: String
    /// What had been read of it, from `start` on; at most `BufferStock.size` bytes.
    package let bytes: [UInt8]
    package let start: Int
    /// Of the byte that does not belong there, counted from `start`.
    package let position: Int
}

extension ProxyCore {
    /// A request whose head cannot be read; before any stream.
    func captureRequest(_ bytes: UnsafeRawBufferPointer, at position: Int, of client: ClientConnection) {
        client.frontend.invalidRequest = capture(bytes, at: position, of: client, backend: nil, server: nil)
    }

    func capture(
        _ bytes: UnsafeRawBufferPointer, at position: Int, of client: ClientConnection, backend: Backend?,
        server: Server?
    ) -> InvalidMessage {
        defer { capturedMessages += 1 }
        let most = BufferStock.size
        let start = max(0, min(position - most / 2, bytes.count - most))
        return InvalidMessage(
            at: wallClock, event: capturedMessages,
            frontend: .init(name: client.frontend.name, id: client.frontend.id),
            backend: backend.map { .init(name: $0.name, id: $0.id) },
            server: server.map { .init(name: $0.name, id: $0.id) }, source: client.peer.sourceText,
            bytes: Array(bytes[start..<min(bytes.count, start + most)]), start: start,
            position: position - start)
    }
}

extension Stream {
    /// A request whose body cannot be followed. `offset`: where the body's bytes begin in the shared buffer.
    func captureRequest(bodyAt offset: Int = 0) {
        guard let client, let fault = request.fault else { return }
        frontend.invalidRequest = core.capture(
            UnsafeRawBufferPointer(rebasing: core.sharedBytes[..<(offset + fault.length)]),
            at: offset + fault.position, of: client, backend: backend, server: server)
    }

    /// A response that cannot be understood, as it lies in the shared buffer.
    func captureResponse(_ range: Range<Int>, at position: Int) {
        guard let client, let backend else { return }
        backend.invalidResponse = core.capture(
            UnsafeRawBufferPointer(rebasing: core.sharedBytes[range]), at: position, of: client,
            backend: backend, server: server)
    }

    /// As above, of a body.
    func captureResponse(from start: Int = 0, bodyAt offset: Int = 0) {
        guard let fault = response.fault else { return }
        captureResponse(start..<(offset + fault.length), at: offset - start + fault.position)
    }
}

extension HeadOutcome {
    /// Where a head that cannot be read goes wrong: the last byte of its shortest part that is invalid already.
    static func fault(in bytes: Span<UInt8>, read: (Span<UInt8>) -> HeadOutcome) -> Int {
        var (good, bad) = (0, bytes.count)
        while bad - good > 1 {
            let middle = (good + bad) / 2
            if case .invalid = read(bytes.extracting(0..<middle)) { bad = middle } else { good = middle }
        }
        return max(0, bad - 1)
    }
}
