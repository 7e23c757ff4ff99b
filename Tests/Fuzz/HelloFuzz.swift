// The first message of a client that speaks TLS, as whoever passes it on unread looks at it: whatever comes, and however
// little of it, there is an answer, and what was complete stays so when more follows.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHello(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = UnsafeBufferPointer(start: data, count: count)
    let whole = ClientHello.read(bytes.span)
    for end in [0, 1, 4, 5, 9, count / 2, max(0, count - 1)] where end < count {
        let part = ClientHello.read(UnsafeBufferPointer(rebasing: bytes[..<end]).span)
        guard part == .partial || part == whole else {
            fatalError("\(end) of \(count)")
        }
    }
    return 0
}
