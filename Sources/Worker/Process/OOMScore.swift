// Whom the kernel ends first when memory runs out: an old worker rather than the one that serves.
//
// The file is opened at the start: later `chroot` hides it, and in a process that has changed its user it belongs to
// root.

import Glibc
import Unix

/// This process's `oom_score_adj`.
final class OOMScore {
    /// Thousandths of the memory that a draining worker counts as using besides its own: it goes before the worker that
    /// serves as long as that one has no more than this above it, and a program that eats up the host still goes first.
    private static let step = 300
    private static let highest = 1000

    private var file: Descriptor?
    private let fault: Errno

    init() {
        let raw = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC)
        fault = .last
        file = raw < 0 ? nil : Descriptor(owning: raw)
    }

    /// Raises it; needs no privilege, and cannot be taken back without one.
    func raise() throws(Errno) {
        guard let file = file?.raw else { throw fault }
        var text = [UInt8](repeating: 0, count: 16)
        let count = pread(file, &text, text.count, 0)
        if count < 0 { throw .last }
        let digits = String(decoding: text[..<count].prefix { $0 != 0x0A }, as: UTF8.self)
        guard let now = Int(digits) else { throw .invalidArgument }
        let raised = min(Self.highest, now + Self.step)
        guard raised > now else { return }
        let line = Array("\(raised)\n".utf8)
        if pwrite(file, line, line.count, 0) < 0 { throw .last }
    }
}
