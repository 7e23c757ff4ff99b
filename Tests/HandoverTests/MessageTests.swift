// What one binary writes another must read, and anything else must be refused whole.

import Handover
import RuntimeAPI
import Testing

@Suite struct MessageTests {
    static let masterMessages: [MasterMessage] = [
        .start(Assignment(attempt: 4, processNumber: 3, olderWorkers: [12, 99], servingNice: 3)),
        .listeners([ListenerKey("tcp@127.0.0.1:80"), ListenerKey("unix@/run/ä.sock#2")]),
        .begin,
        .drain(removed: []),
        .drain(removed: [ListenerKey("abns@x")]),
        .admin(.operator),
        .predecessor(teachesAll: true),
        .successor(teachesAll: false),
        .departures,
        .arrivals,
    ]
    static let workerMessages: [WorkerMessage] = [
        .log(.alert, "config : parsing [a.cfg:1]\n   | more"),
        .listeners([]),
        .ready(
            WorkerFacts(
                hardStopAfter: nil, maxReloads: 50, readyTimeout: 30_000_000_000, pidFile: nil, listeners: [])
        ),
        .ready(
            WorkerFacts(
                hardStopAfter: 4_000_000_000, maxReloads: 0, readyTimeout: 1, pidFile: "/run/x.pid",
                exitOnFailure: false, sharesTables: true, takesConnections: false,
                listeners: [ListenerKey("tcp@::1:80")])),
        .draining,
        .moved(DrainMoves(idle: 1)),
        .ended(
            DrainSummary(
                finished: 7, cut: 2,
                moves: DrainMoves(
                    idle: 8000, tunnels: 3, refused: 1,
                    stayed: [.init(reason: "its listener is gone", count: 4)])
            )),
    ]

    @Test(arguments: masterMessages) func masterMessagesReturn(_ message: MasterMessage) throws {
        #expect(try MasterMessage(decoding: message.encoded) == message)
    }

    @Test(arguments: workerMessages) func workerMessagesReturn(_ message: WorkerMessage) throws {
        #expect(try WorkerMessage(decoding: message.encoded) == message)
    }

    @Test(arguments: workerMessages) func everyCutIsRefused(_ message: WorkerMessage) {
        let bytes = message.encoded
        for count in bytes.indices {
            #expect(throws: MessageError.self) { try WorkerMessage(decoding: Array(bytes[..<count])) }
        }
    }

    /// A later release may add fields at the end of a message without a new version.
    @Test func fieldsOfALaterReleaseAreSkipped() throws {
        for message in Self.masterMessages {
            #expect(try MasterMessage(decoding: message.encoded + [1, 2, 3]) == message)
        }
        for message in Self.workerMessages {
            #expect(try WorkerMessage(decoding: message.encoded + [1, 2, 3]) == message)
        }
    }

    @Test func whatDoesNotFitIsRefused() {
        #expect(throws: MessageError.version(found: 9)) { try MasterMessage(decoding: [9, 3]) }
        #expect(throws: MessageError.unknownKind(77)) { try MasterMessage(decoding: [messageVersion, 77]) }
        #expect(throws: MessageError.badField("admin level 9")) {
            try MasterMessage(decoding: [messageVersion, 5, 9, 0, 0, 0, 0, 0, 0, 0])
        }
        // A length that would need more memory than there are bytes.
        #expect(throws: MessageError.cut) {
            try WorkerMessage(
                decoding: [messageVersion, 1] + [UInt8](repeating: 0, count: 8)
                    + [UInt8](repeating: 0x7F, count: 8))
        }
    }

    /// The lines of 2.6's standard error: the program's version goes before the first one that warns.
    @Test func linesLookLikeHAProxys() {
        var lines = StartupLines(path: "/usr/sbin/haproxy")
        #expect(
            lines.text(.notice, pid: 2364, "Reloading HAProxy") == "[NOTICE]   (2364) : Reloading HAProxy\n")
        #expect(
            lines.text(.warning, pid: 2364, "Loading failure!") == """
                [NOTICE]   (2364) : mwproxy version is \(Handover.Program.version)
                [NOTICE]   (2364) : path to executable is /usr/sbin/haproxy
                [WARNING]  (2364) : Loading failure!

                """)
        #expect(lines.text(.alert, pid: 1, "x") == "[ALERT]    (1) : x\n")
    }
}
