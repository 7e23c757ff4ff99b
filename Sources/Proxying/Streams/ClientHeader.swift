// Clients that come through another proxy (`accept-proxy`, `expect-proxy`): its header is looked at where it waits in the
// kernel until it is complete, and only then taken, so that what follows it stays for whoever reads next.

import HTTP1
import ProxyProtocol
import Unix

extension ClientConnection {
    /// Begins to wait for the header.
    func awaitHeader() {
        setDeadline(after: frontend.timing.client)
    }

    func readHeader() {
        guard isReadable, descriptor >= 0 else { return }
        let room = UnsafeMutableRawBufferPointer(rebasing: core.readBuffer[..<ProxyHeader.longest])
        switch Socket.peek(descriptor, into: room) {
        case .moved(let count):
            switch ProxyHeader.read(UnsafeRawBufferPointer(rebasing: room[..<count])) {
            case .complete(let header, let length): take(header, length: length)
            case .partial:
                if peerHasEnded { return refuseHeader(.truncated) }
                isReadable = false
            case .failed(let fault): refuseHeader(fault)
            }
        case .wouldBlock: isReadable = false
        case .ended: refuseHeader(.closed)
        case .failed: refuseHeader(.broken)
        }
    }

    private func take(_ header: ProxyHeader, length: Int) {
        guard
            read(into: UnsafeMutableRawBufferPointer(rebasing: core.readBuffer[..<length])) == .moved(length)
        else { return refuseHeader(.broken) }
        if case .forwarded(let source, let destination) = header {
            take(source: source, destination: destination)
        }
        stage = listener.security != nil ? .securing : .requests
        enter()
        // What follows may have come with the header.
        if stream == nil { resume() }
    }

    /// Closes without a word to the client.
    func refuseHeader(_ fault: ProxyHeaderFault) {
        core.log(fault, of: self)
        close()
    }
}
