// The state over an exec between releases: what older ones wrote, byte for byte as they wrote it, and what one release
// says to another before.

import Glibc
import Handover
import TestSupport
import Testing
import Unix

@testable import MasterWorker

@Suite struct StateFormTests {
    /// As a master of that time had it: after a reload by signal and during one by an operator who waits for the
    /// answer on a session with a prompt, with a worker that drains.
    private func golden(_ form: StateForm) throws -> [UInt8] {
        try File.read(
            TestSupport.Program.packageRoot + "/Tests/MasterWorkerTests/Golden/state-\(form.rawValue).bin")
    }

    @Test(arguments: StateForm.allCases) func whatEachReleaseWroteIsRead(_ form: StateForm) throws {
        let (state, handover) = try MasterHandover.decode(try golden(form), version: "9")
        #expect(state.version == "9" && state.reloads == 2 && state.failed == 0 && state.processNumber == 2)
        #expect(state.workers.map(\.attempt) == [0, 1])
        #expect(state.workers.map(\.phase) == [.draining, .serving])
        #expect(state.workers.allSatisfy { $0.version == "0.1.0" && $0.facts?.maxReloads == 50 })
        #expect(state.workers.first?.facts?.hardStopAfter == Duration.seconds(3600).nanoseconds)
        #expect(state.workers.first?.killAt != .never && state.workers.last?.killAt == .never)
        #expect(state.load?.step == .executing && state.load?.attempt == 2)
        #expect(state.load?.askers.map(\.request.via) == ["cli"])
        #expect(state.history.map(\.result) == [.success, .success, .running])
        #expect(state.held.count == 2 && handover.listeners.map(\.key).allSatisfy(state.held.contains))
        #expect(handover.channels.map(\.pid).sorted() == state.workers.map(\.pid).sorted())
        #expect(handover.path.hasSuffix("/mwproxy") && handover.pidFile?.hasSuffix("/m.pid") == true)
        #expect(handover.sockets.count == 1 && handover.sessions.count == 1)
        #expect(handover.sessions.first?.token == state.load?.askers.first?.token)
        // There and back, in every form.
        for other in StateForm.allCases {
            let bytes = handover.encoded(state, as: other)
            let (again, next) = try MasterHandover.decode(bytes, version: "9")
            #expect(again == state && next.descriptors == handover.descriptors && next.path == handover.path)
            for count in stride(from: 0, to: bytes.count, by: 11) {
                #expect(throws: MessageError.self) {
                    try MasterHandover.decode(Array(bytes[..<count]), version: "9")
                }
            }
        }
    }

    /// What a later release adds at the end of a record is skipped.
    @Test func fieldsOfALaterReleaseAreSkipped() throws {
        var writer = FieldWriter(kind: 1)
        writer.put(record: { writer in
            writer.put(7)
            writer.put("a field that was added")
        })
        writer.put(8)
        var reader = try FieldReader(writer.bytes)
        #expect(try reader.record { reader throws(MessageError) in try reader.integer() } == 7)
        #expect(try reader.integer() == 8)
        try reader.end()
    }

    @Test func whatNobodyKnowsIsRefused() throws {
        var bytes = try golden(.newest)
        bytes[0] = 77
        #expect(throws: MessageError.version(found: 77)) { try MasterHandover.decode(bytes, version: "9") }
    }

    /// What a probe reads is what the exec would hand over.
    @Test func aBinaryAnswersForTheStateThatItIsShown() throws {
        let folder = try ScratchFolder()
        func answer(_ bytes: some Sequence<UInt8>) throws -> String {
            let raw = open(folder.file("state"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            try File.writeAll(raw, bytes)
            return BinaryProbe.answer(to: "2", state: raw)
        }
        for form in StateForm.allCases {
            let bytes = try golden(form)
            #expect(try answer(bytes) == BinaryAbilities.own.line)
            #expect(try answer(bytes.dropLast(40)) == "mwproxy cannot go on with it: cut\n")
            #expect(try answer([77] + bytes.dropFirst()) == BinaryAbilities.own.line)
        }
    }

    @Test func releasesAgreeOnAForm() throws {
        func form(_ line: String) throws -> StateForm? { try #require(BinaryAbilities(parsing: line)).common }
        #expect(BinaryAbilities(parsing: BinaryAbilities.own.line) == .own)
        #expect(try form(BinaryAbilities.own.line) == .newest)
        // The whole line is what releases of one form compare.
        #expect(BinaryProbe.answer(to: "1", state: nil) == "mwproxy state 3 messages 4\n")
        #expect(BinaryProbe.answer(to: "2", state: nil) == "mwproxy state 3 5 messages 4\n")
        #expect(try form("mwproxy state 3 messages 4\n") == .fixed)
        #expect(try form("mwproxy state 3 5 6 messages 4 5 and more of a later release\n") == .records)
        for stranger in ["mwproxy state 6 messages 4\n", "mwproxy state 3 5 messages 3 5\n"] {
            #expect(try form(stranger) == nil)
        }
        for other in ["", "HAProxy version 2.6.12", "mwproxy state 5", "mwproxy messages 4\n"] {
            #expect(BinaryAbilities(parsing: other) == nil)
        }
    }
}
