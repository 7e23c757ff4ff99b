// `tcp-request content` of TCP connections. With `inspect-delay` a rule waits until what it looks at is there, the
// client says no more, or the delay is over. Nothing is taken from the socket meanwhile: the server is to get it all.

import ConfigLanguage
import Polling
import TLS
import Unix

/// What expressions may look at of a client of TCP mode while its rules are asked.
struct Inspection {
    /// More may come, and is waited for.
    var isOpen = false
    /// What has come is the beginning of an HTTP request.
    var mayBecomeRequest = false
    /// Bytes that have come.
    var count = 0
    /// Something that was asked for may still come.
    var missed = false

    /// The ClientHello that has come; nil: there is none, or not all of it.
    var hello: ClientHello?
    /// What has come may become one.
    var mayBecomeHello = false

    /// Nothing is waited for any longer; what has come can still be looked at.
    mutating func close() {
        isOpen = false
        mayBecomeRequest = false
        mayBecomeHello = false
        missed = false
    }

    /// `req.ssl_sni`.
    mutating func helloServerName(in scene: Scene) -> Sample? {
        if mayBecomeHello { missed = true }
        return hello?.serverName.flatMap { scene.core.arena.copy($0) }.map { .text($0) }
    }

    /// `req.ssl_hello_type`: 1 for a ClientHello.
    mutating func helloType(in scene: Scene) -> Sample? {
        if mayBecomeHello { missed = true }
        return hello == nil ? nil : .integer(1)
    }

    mutating func noteRequestMissed() {
        if mayBecomeRequest { missed = true }
    }

    mutating func isOver() -> Bool {
        if isOpen { missed = true }
        return !isOpen
    }

    /// `req.len`: HTTP's requests have another form here, whose length says nothing.
    mutating func length(in scene: Scene) -> Sample? {
        if scene.client.frontend.isHTTP { return nil }
        if isOpen { missed = true }
        return .integer(Int64(count))
    }
}

extension Stream {
    /// The rules of frontend and backend, then the server: goes on where a rule has waited.
    func inspect() {
        guard let client else { return }
        phase = .request
        defer { core.inspection = Inspection() }
        let scene = Scene(core: core, client: client, stream: self)
        core.show(.none, UnsafeRawBufferPointer(start: nil, count: 0))
        if backend == nil {
            guard pass(frontend.rules.content, delay: frontend.settings.inspectDelay, client, scene) else {
                return
            }
            guard let chosen = chooseTCPBackend(in: scene) else { return end(cause: "S", moment: "C") }
            enter(chosen)
        }
        guard let backend else { return }
        if backend.id != frontend.id,
            !pass(backend.rules.content, delay: backend.settings.inspectDelay, client, scene)
        {
            return
        }
        if !backend.stickRules.isEmpty { findPreferred(backend, in: scene) }
        if !backend.names.isEmpty { settleNames(backend, in: scene) }
        retriesLeft = backend.settings.retries
        assign(backend, client)
    }

    /// False: a rule has ended the stream, or waits.
    private func pass(
        _ rules: borrowing RuleList, delay: Duration?, _ client: ClientConnection, _ scene: Scene
    ) -> Bool {
        if rules.isEmpty { return true }
        if let delay {
            if inspectionEnds == .never { inspectionEnds = core.loop.now + delay }
            look(client)
        }
        let goesOn = apply(rules, from: waitingRule, in: scene)
        core.inspection.close()
        if phase == .inspecting {
            core.loop.setDeadline(inspectionEnds, of: client)
        } else {
            waitingRule = 0
            inspectionEnds = .never
        }
        return goesOn
    }

    /// Shows what the client has said so far to the rules.
    private func look(_ client: ClientConnection) {
        let room = UnsafeMutableRawBufferPointer(rebasing: core.readBuffer[..<ClientConnection.longestHead])
        var count = 0
        var isOver = core.loop.now >= inspectionEnds || client.peerHasEnded
        switch client.peek(into: room) {
        case .moved(let moved):
            count = moved
            if moved == room.count { isOver = true }
        case .wouldBlock: break
        case .ended, .failed: isOver = true
        }
        core.inspection = Inspection(isOpen: !isOver, count: count)
        let bytes = core.bytes(0..<count)
        switch ClientHello.read(bytes.span) {
        case .complete(let hello): core.inspection.hello = hello
        case .partial: core.inspection.mayBecomeHello = !isOver
        case .none: break
        }
        switch core.requestHead.read(bytes.span) {
        case .complete(let length):
            core.show(.request, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<length]))
        case .partial: core.inspection.mayBecomeRequest = !isOver
        case .invalid: break
        }
    }
}
