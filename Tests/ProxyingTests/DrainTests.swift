// A worker that leaves: nobody new comes in, those who are here end in good order, or are cut.

import ConfigLanguage
import Testing
import Unix

@testable import Proxying

private let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

@Suite struct DrainTests {
    @Test func idleClientsLearnOfItWithTheirNextResponse() throws {
        let rig = try Rig()
        var drained = 0
        rig.core.drained = { drained += 1 }
        let client = try rig.client()
        let server = try rig.forward(get, of: client)
        server.send(ok)
        try rig.expect("ok", at: client)
        rig.core.stopAccepting(removed: [])
        try rig.settle()
        #expect(drained == 0 && !client.hasEnded)
        _ = client.take()
        client.send(get)
        try rig.expect("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET", at: server)
        server.send(ok)
        try rig.expectEnd(of: client)
        #expect(client.text.contains("connection: close\r\n"))
        #expect(drained == 1)
        #expect(rig.core.drainFigures.finished == 1)
    }

    @Test func whatIsQueuedOnARemovedListenerIsServed() throws {
        let rig = try Rig()
        let client = try rig.client()
        client.send(get)
        rig.core.stopAccepting(removed: [rig.core.listeners[0].socket.key])
        let server = try rig.acceptAtOrigin()
        try rig.expect("GET", at: server)
        server.send(ok)
        try rig.expect("ok", at: client)
        try rig.expectEnd(of: client)
    }

    @Test func aListenerThatASuccessorServesKeepsItsQueue() throws {
        let rig = try Rig()
        let inherited = try Descriptor(owning: rig.core.listeners[0].socket.descriptor).duplicateAndRelease()
        let client = try rig.client()
        client.send(get)
        rig.core.stopAccepting(removed: [])
        let accepted = try Socket.accept(on: inherited.raw)
        let isQueued = accepted != nil
        #expect(isQueued)
    }

    @Test func theHardStopCutsAndCounts() throws {
        let rig = try Rig()
        var drained = false
        rig.core.drained = { drained = true }
        let waiting = try rig.client()
        let unanswered = try rig.forward(get, of: waiting)
        let streaming = try rig.client()
        let two = try rig.forward(get, of: streaming)
        two.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n")
        try rig.expect("part", at: streaming)
        let idle = try rig.client()
        try rig.pump("three clients") { rig.core.counters.clients.current == 3 }
        rig.core.stopAccepting(removed: [])
        #expect(!drained)
        withExtendedLifetime(unanswered) { rig.core.hardStop() }
        #expect(drained)
        #expect(rig.core.drainFigures.cut == 3)
        for client in [waiting, streaming, idle] { try rig.expectEnd(of: client) }
        #expect(waiting.text.hasPrefix("HTTP/1.1 502 Bad Gateway"))
        #expect(!streaming.text.hasSuffix("0\r\n\r\n"))
        #expect(rig.reports.contains("soft-stop running for too long, performing a hard-stop."))
        #expect(rig.reports.contains("Proxy fe hard-stopped (3 remaining conns will be closed)."))
    }

    @Test func aTarpitIsHeldUntilTheHardStop() throws {
        let rig = try Rig(
            text: """
                frontend fe
                    bind front1
                    timeout tarpit 60s
                    http-request tarpit

                """)
        let client = try rig.client()
        client.send(get)
        try rig.pump("the tarpit") { rig.core.live.contains { $0.phase == .tarpit } }
        rig.core.stopAccepting(removed: [])
        try rig.settle()
        #expect(!client.hasEnded)
        rig.core.hardStop()
        try rig.expectEnd(of: client)
        #expect(rig.core.drainFigures.cut == 1)
    }

    @Test func tunnelsGoOnWhileTheWorkerDrains() throws {
        let rig = try Rig { frontend, backend in
            frontend.settings.mode = .tcp
            backend.settings.mode = .tcp
        }
        var drained = false
        rig.core.drained = { drained = true }
        let client = try rig.client()
        let server = try rig.acceptAtOrigin()
        rig.core.stopAccepting(removed: [])
        client.send("ping")
        try rig.expect("ping", at: server)
        server.send("pong")
        try rig.expect("pong", at: client)
        client.endSending()
        try rig.expectEnd(of: server)
        server.send("bye")
        server.close()
        try rig.expect("bye", at: client)
        try rig.expectEnd(of: client)
        #expect(drained)
    }
}

extension Descriptor {
    /// A copy; this value's own number stays with whoever has it.
    fileprivate consuming func duplicateAndRelease() throws -> Descriptor {
        let copy = try duplicate()
        _ = release()
        return copy
    }
}
