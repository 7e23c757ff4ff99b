// What peers may send, under libFuzzer. Compiled into one module with Sources/PeersProtocol and Sources/StickTables.

/// The first byte says where the rest is cut in two; what a session takes it must be able to teach another.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let input = UnsafeRawBufferPointer(start: start, count: count)
    if input[0] == 255 {
        greeting(UnsafeRawBufferPointer(rebasing: input[1...]))
        return 0
    }
    let now = Tick(milliseconds: 1_000_000)
    let tables = tables()
    var session = PeerSession(tables: tables)
    session.askForLesson()
    let messages = input[1...]
    let cut = messages.startIndex + min(Int(input[0]), messages.count)
    var said: [UInt8] = []
    do throws(PeerFault) {
        for part in [messages[..<cut], messages[cut...]] {
            _ = try session.receive(UnsafeRawBufferPointer(rebasing: part), now: now)
            _ = session.speak(into: &said, limit: 4096, now: now)
        }
    } catch {
        precondition(!error.description.isEmpty, "a fault that says nothing")
    }
    teach(tables, now)
    return 0
}

private func tables() -> [SharedTable] {
    let all = DataType.allCases.map { StickTableDefinition.Stored($0, period: $0.kind == .rate ? 10_000 : 0) }
    let types: [(String, KeyType)] = [
        ("tip", .ip), ("tip6", .ipv6), ("tint", .integer), ("tstr", .string(length: 20)),
        ("tbin", .binary(length: 6)),
    ]
    return types.map { name, type in
        let definition = StickTableDefinition(
            name: name, keyType: type, size: 8, expire: 60_000, peers: "mp", stored: all)
        return SharedTable(name: name, table: StickTable(definition, seed: 3))
    }
}

/// What was learned is learned again by somebody else.
private func teach(_ learned: [SharedTable], _ now: Tick) {
    let fresh = tables()
    var teacher = PeerSession(tables: learned)
    var pupil = PeerSession(tables: fresh)
    teacher.beginLesson()
    var goesOn = true
    while goesOn {
        var said: [UInt8] = []
        goesOn = teacher.speak(into: &said, limit: 256, now: now)
        let heard = said.withUnsafeBytes { said in
            Result { () throws(PeerFault) in _ = try pupil.receive(said, now: now) }
        }
        if case .failure(let fault) = heard {
            preconditionFailure("our own lesson is not understood: \(fault)")
        }
    }
    for (one, other) in zip(learned, fresh) {
        precondition(
            one.table.used == other.table.used, "a lesson of \(one.table.used) gave \(other.table.used)")
    }
}

private func greeting(_ bytes: UnsafeRawBufferPointer) {
    var collector = LineCollector(wanted: 3)
    do throws(PeerFault) {
        guard try collector.take(bytes).isDone else { return }
    } catch {
        return
    }
    if let read = try? Greeting(lines: collector.lines) {
        precondition(!read.local.isEmpty, "a caller without a name")
    }
}
