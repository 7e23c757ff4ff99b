// Checks one server: connects every `inter`, and tells the core what changed.

import Polling
import ProxyProtocol
import Unix

/// The check of one `server … check`.
final class Checker: Watcher {
    private unowned let core: ProxyCore
    private let server: Server
    private var socket: Int32 = -1
    private var began = Instant.never
    /// A check waits for its connection.
    private var isConnecting = false

    init(core: ProxyCore, server: Server) {
        self.core = core
        self.server = server
    }

    /// The first check comes after `delay`, so that checks of many servers do not come at once.
    func start(after delay: Duration) {
        core.loop.setDeadline(core.loop.now + delay, of: self)
    }

    func stop() {
        finishSocket()
        core.loop.cancelDeadline(of: self)
    }

    override func deadlineReached() {
        if isConnecting {
            done(.timedOut)
        } else {
            begin()
        }
    }

    override func ready(_ readiness: UInt32) {
        guard isConnecting else { return }
        if let error = Socket.pendingError(socket) {
            done(.refused(error.description))
        } else if readiness & 0x4 != 0 {
            connected(socket)
        }
    }

    private func begin() {
        guard !server.inMaintenance else {
            again()
            return
        }
        guard let address = server.checkTarget else {
            again()
            return
        }
        began = core.loop.now
        do throws(Errno) {
            let socket = try Socket.stream(for: address)
            // A check says nothing: closing with a reset leaves no connection in TIME_WAIT.
            Socket.setResetOnClose(socket.raw)
            let isConnected = try Socket.connect(socket.raw, to: address)
            if isConnected {
                connected(socket.raw)
                return
            }
            let raw = socket.release()
            self.socket = raw
            isConnecting = true
            try core.loop.add(self, descriptor: raw, interest: .edges)
            core.loop.setDeadline(began + timeout, of: self)
        } catch {
            done(.refused(error.description))
        }
    }

    /// The connection stands; a server that expects to be told whom it is for is told so.
    private func connected(_ socket: Int32) {
        guard let version = server.checkAnnouncement else { return done(.connected) }
        var header = ProxyHeader.local
        if version == .text, let source = try? Socket.localAddress(socket), let target = server.checkTarget {
            header = .forwarded(source: source, destination: target)
        }
        let sent = header.bytes(version).withUnsafeBytes { Socket.write(socket, $0) }
        if case .failed(let error) = sent { return done(.refused(error.description)) }
        done(.connected)
    }

    /// `timeout check`, else `timeout connect` but not longer than the interval.
    private var timeout: Duration {
        let timeouts = server.backend.settings.timeouts
        return timeouts.check ?? min(timeouts.connect ?? server.options.inter, server.options.inter)
    }

    private func done(_ result: CheckResult) {
        let milliseconds = Int((Instant.now() - began).milliseconds)
        finishSocket()
        let change = server.check.note(result, milliseconds: milliseconds)
        core.checked(server, change)
        again()
    }

    private func finishSocket() {
        isConnecting = false
        guard socket >= 0 else { return }
        core.loop.forget(self)
        _ = Descriptor(owning: socket)
        socket = -1
    }

    private func again() {
        let options = server.options
        let span: Duration
        if !server.isUp && server.check.health == 0 {
            span = options.downInter ?? options.inter
        } else if server.check.isInTransition {
            span = options.fastInter ?? options.inter
        } else {
            span = options.inter
        }
        core.loop.setDeadline(core.loop.now + span, of: self)
    }
}

extension CheckState {
    /// Neither surely up nor surely down.
    var isInTransition: Bool { health != 0 && health != rise + fall - 1 }
}
