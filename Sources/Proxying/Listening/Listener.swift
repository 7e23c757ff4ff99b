// Accepts the clients of one listening socket, as long as there is room for them.

import ConfigLanguage
import Polling
import Unix

/// A `bind` at work.
package final class Listener: Watcher {
    package let socket: ListeningSocket
    package unowned let frontend: Frontend
    private unowned let core: ProxyCore
    /// Client connections that came through it.
    @exclusivity(unchecked) package internal(set) var sessions = Gauge()
    /// `accept-proxy`.
    let acceptsProxy: Bool
    /// `ssl`.
    let security: SecureBind?
    /// It does not accept now: something is at its limit.
    private(set) var isPaused = false
    /// Why nobody could be accepted, until somebody is.
    private var acceptFault: Errno?

    /// Accepted at a time, so that clients who are already here are not forgotten.
    private static let mostAtOnce = 64
    /// As many as came together lately: the call that finds nobody waiting is spared most of the time.
    private var batch = 1
    /// How many batches were full one after the other.
    private var fullBatches = 0
    private static let fullBatchesToGrow = 4
    private static let pauseNanoseconds: Int64 = 200_000_000

    init(socket: ListeningSocket, frontend: Frontend, security: SecureBind?, core: ProxyCore) {
        self.socket = socket
        self.frontend = frontend
        self.core = core
        self.security = security
        acceptsProxy = socket.options.acceptsProxy
    }

    /// `bind … name`, else its address.
    package var name: String { socket.options.name ?? socket.address.description }

    /// As log lines name it: `bind … name`, else its number among the frontend's.
    var label: String {
        socket.options.name ?? "\((frontend.listeners.firstIndex { $0 === self } ?? 0) + 1)"
    }

    var isFull: Bool {
        if let most = socket.options.maxconn, sessions.current >= most { return true }
        if security != nil, let most = core.configuration.global.maxTLSConnections,
            core.figures.tls.clients >= most
        {
            return true
        }
        return frontend.load.sessions.current >= frontend.maxconn
    }

    func start() {
        watch()
    }

    private func watch() {
        do throws(Errno) {
            try core.loop.add(self, descriptor: socket.descriptor, interest: .readable)
        } catch {
            core.report(.alert, "Listener \(name) of frontend \(frontend.name) cannot be watched: \(error)")
        }
    }

    override package func ready(_ readiness: UInt32) {
        let count = acceptQueued(most: batch, evenWhenFull: false)
        guard count == batch else {
            batch = max(1, count)
            fullBatches = 0
            return
        }
        fullBatches += 1
        if fullBatches >= Self.fullBatchesToGrow {
            batch = min(2 * batch, Self.mostAtOnce)
            fullBatches = 0
        }
    }

    /// The pause is over.
    override package func deadlineReached() {
        resume()
    }

    /// Accepts again, if it had to stop.
    func resume() {
        guard isPaused, !isFull, !core.isFull, !core.isStopping else { return }
        isPaused = false
        core.loop.cancelDeadline(of: self)
        core.noteResumed(self)
        watch()
    }

    /// Stops accepting until somebody leaves; what comes meanwhile waits in the kernel's queue.
    func pause(retries: Bool) {
        guard socket.descriptor >= 0, !socket.isPaused else { return }
        if !isPaused {
            isPaused = true
            core.loop.remove(self)
            core.notePaused(self)
        }
        if retries {
            core.loop.setDeadline(core.loop.now.advanced(byNanoseconds: Self.pauseNanoseconds), of: self)
        }
    }

    /// Gives its port to whoever wants it, until `takeBack`.
    func letGo() {
        core.loop.remove(self)
        if isPaused {
            isPaused = false
            core.noteResumed(self)
        }
        if !socket.pause() { watch() }
    }

    /// Has its port again and accepts.
    func takeBack() throws(Errno) {
        guard socket.isPaused else { return }
        try socket.resume()
        watch()
    }

    /// Accepts what waits; the number accepted.
    @discardableResult
    func acceptQueued(most: Int, evenWhenFull: Bool) -> Int {
        for count in 0..<most {
            if !evenWhenFull && (isFull || core.isFull) {
                if core.isFull { core.noteFull() }
                pause(retries: false)
                return count
            }
            do throws(Errno) {
                guard let accepted = try Socket.accept(on: socket.descriptor) else { return count }
                acceptFault = nil
                let peer = accepted.peer
                core.accept(accepted.take().release(), peer: peer, on: self)
            } catch .connectionAbort, .interrupted, .protocolError {
                continue
            } catch {
                if error.isExhaustion { core.descriptorsExhausted(error) } else { acceptFailed(error) }
                return count
            }
        }
        return most
    }

    /// Not for want of anything: no other listener is concerned. A second try comes soon; the same once more is not
    /// told again.
    private func acceptFailed(_ error: Errno) {
        pause(retries: true)
        guard acceptFault != error else { return }
        acceptFault = error
        let rest = core.isStopping ? "what is queued there is lost" : "it is tried again"
        core.report(.alert, "Listener \(name) of frontend \(frontend.name) cannot accept: \(error); \(rest)")
    }

    /// Accepts no more; `servesQueue`: what the kernel has queued is taken first.
    func stop(servesQueue: Bool) {
        // What is let go of has no queue.
        if servesQueue, !socket.isPaused { acceptQueued(most: .max, evenWhenFull: true) }
        if watched >= 0 { core.loop.remove(self) }
        core.loop.cancelDeadline(of: self)
        isPaused = false
        socket.close()
    }
}
