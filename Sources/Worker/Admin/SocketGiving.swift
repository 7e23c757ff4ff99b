// `_getsocks`: a process that was started with `-x` is given all listening sockets, on admin sockets with
// `expose-fd listeners`. Nobody's turn is held up: what the other side does not take yet waits for the loop.

import AdminSocket
import Glibc
import Polling
import Proxying
import RuntimeAPI
import Unix

/// The command, and those who are being given sockets now.
final class SocketGiving {
    private unowned let core: ProxyCore
    private var receivers: [ObjectIdentifier: SocketReceiver] = [:]

    init(core: ProxyCore) {
        self.core = core
    }

    var table: [AdminCommand] {
        [
            AdminCommand(unlisted: "_getsocks") { [unowned self] request in
                guard request.session.exposesListeners else { return .farewell("") }
                return .takeOver { [unowned self] connection in give(to: connection) }
            }
        ]
    }

    /// Descriptors that this process was given itself (`fd@N`) are not passed on, as with HAProxy.
    private func give(to connection: consuming Descriptor) {
        let sockets = core.sockets.filter {
            $0.descriptor >= 0 && !$0.isPaused && !$0.key.hasPrefix("fd@")
        }
        guard !sockets.isEmpty else { return }
        let receiver = SocketReceiver(connection, sockets: sockets, loop: core.loop)
        receivers[ObjectIdentifier(receiver)] = receiver
        receiver.ended = { [unowned self, unowned receiver] failure in
            receivers[ObjectIdentifier(receiver)] = nil
            if let failure {
                core.report(.warning, "Unexpected error while transferring sockets: \(failure)")
            }
        }
        receiver.start()
    }
}

/// One process that takes the sockets.
private final class SocketReceiver: Watcher {
    /// How long it may take for each batch.
    private static let patience: Duration = .seconds(5)

    private let connection: Descriptor
    private let sockets: [ListeningSocket]
    private let loop: EventLoop
    private var hasCount = false
    private var given = 0
    /// Bytes of an acknowledgement that are still to come; nothing is sent before them.
    private var awaited = 0
    /// Nil: all are given.
    var ended: (String?) -> Void = { _ in }

    init(_ connection: consuming Descriptor, sockets: [ListeningSocket], loop: EventLoop) {
        self.connection = connection
        self.sockets = sockets
        self.loop = loop
    }

    func start() {
        do throws(Errno) {
            try loop.add(self, descriptor: connection.raw, interest: .edges)
        } catch {
            return end(error.description)
        }
        advance()
    }

    override func ready(_ readiness: UInt32) {
        advance()
    }

    override func deadlineReached() {
        end("no answer")
    }

    private func advance() {
        loop.setDeadline(loop.now + Self.patience, of: self)
        do throws(Errno) {
            if !hasCount {
                try DescriptorPassing.send(
                    SocketTransfer.encoded(count: sockets.count), descriptors: [], over: connection.raw)
                hasCount = true
            }
            while given < sockets.count {
                guard try isAcknowledged() else { return }
                let batch = sockets[given..<min(given + SocketTransfer.batchSize, sockets.count)]
                // A drain that began meanwhile has closed them.
                guard batch.allSatisfy({ $0.descriptor >= 0 }) else { return end("this process is leaving") }
                let records = batch.map { TransferredSocket(interface: $0.options.interface ?? "") }
                try DescriptorPassing.send(
                    SocketTransfer.encoded(records), descriptors: batch.map(\.descriptor),
                    over: connection.raw)
                given += batch.count
                awaited = SocketTransfer.acknowledgement.count
            }
            end(nil)
        } catch .wouldBlock {
            return
        } catch {
            end(error.description)
        }
    }

    /// Reads what is missing of the acknowledgement; false: it has not come yet.
    private func isAcknowledged() throws(Errno) -> Bool {
        while awaited > 0 {
            var bytes: UInt32 = 0
            let transfer = withUnsafeMutableBytes(of: &bytes) { room in
                Socket.read(
                    connection.raw, into: UnsafeMutableRawBufferPointer(rebasing: room[..<awaited]))
            }
            switch transfer {
            case .moved(let count): awaited -= count
            case .wouldBlock: return false
            case .ended: throw .connectionReset
            case .failed(let error): throw error
            }
        }
        return true
    }

    private func end(_ failure: String?) {
        if watched >= 0 { loop.remove(self) }
        loop.cancelDeadline(of: self)
        ended(failure)
    }
}
