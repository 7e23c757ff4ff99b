// Admin commands and replies under libFuzzer. Compiled into one module with Sources/RuntimeAPI.

/// The first byte chooses what the text is read as.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = UnsafeBufferPointer(start: start, count: count)
    let text = String(decoding: input.dropFirst(), as: UTF8.self)
    switch input[0] & 7 {
    case 0: processTable(text)
    case 1: json(text)
    case 2: _ = try? ReloadLog(parsing: text)
    case 3: command(text)
    case 4: _ = StatTable(parsing: text)
    case 5: _ = InfoReply(parsing: text)
    case 6: _ = SessionLine.parse(text)
    default: _ = AdminSocketLine.parse(text)
    }
    return 0
}

/// What we write of a table that we read is read as the same table.
private func processTable(_ text: String) {
    guard let table = ProcessTable(parsing: text) else { return }
    let written = table.formatted()
    precondition(ProcessTable(parsing: written) != nil, "our own table cannot be read")
}

private func json(_ text: String) {
    guard let value = try? JSON(parsing: text) else { return }
    guard let again = try? JSON(parsing: value.text) else {
        preconditionFailure("our own JSON cannot be read")
    }
    precondition(again.text == value.text, "JSON changes from writing to reading")
}

private func command(_ text: String) {
    for command in CommandText.commands(in: text) {
        precondition(CommandText.words(of: command).count <= CommandText.longest, "too many words")
        _ = CommandText.withoutPayloadMark(command)
        _ = CommandText.nanoseconds(ofDuration: command, unit: 1_000_000)
    }
}
