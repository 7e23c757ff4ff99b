// Tries the binary before the master becomes it: a program that cannot run, or that could not go on with this
// master's state, is found out while the running one can still refuse it.

import CLinux
import Glibc
import Handover
import Polling
import Unix

/// One try. The answer comes through the loop; the deadline is the state's.
final class BinaryProbe: Watcher {
    /// What a binary of this version answers.
    static var answer: String { "mwproxy state \(MasterState.codingVersion) messages \(messageVersion)\n" }

    private(set) var pid: Int32 = 0
    private let loop: EventLoop
    private var pipe: Descriptor?
    private var text: [UInt8] = []

    init(_ program: ProgramIdentity, on loop: EventLoop) throws(Errno) {
        self.loop = loop
        var numbers: [Int32] = [-1, -1]
        _ = try Errno.check(clinux_pipe(&numbers, O_NONBLOCK))
        let reading = Descriptor(owning: numbers[0])
        let writing = Descriptor(owning: numbers[1])
        let raw = reading.raw
        pipe = consume reading
        super.init()
        pid = try ProcessControl.spawn(
            program.path, arguments: [program.arguments.first ?? program.path],
            environment: ProcessControl.environment + ["\(HandoverVariable.probe)=1"],
            inherited: [(from: writing.raw, to: 1)])
        try loop.add(self, descriptor: raw, interest: .readable)
    }

    override func ready(_ readiness: UInt32) {
        read()
    }

    private func read() {
        var chunk = [UInt8](repeating: 0, count: 512)
        while let raw = pipe?.raw {
            let count = Glibc.read(raw, &chunk, chunk.count)
            if count > 0, text.count < 4096 {
                text += chunk[..<count]
                continue
            }
            if count < 0, errno == EAGAIN { return }
            loop.remove(self)
            return
        }
    }

    /// The process has ended: nil when the binary can take over, else why not.
    func verdict(_ end: ProcessEnd, path: String) -> String? {
        read()
        if end != .exited(0) { return "\(path) cannot run: it ended with code \(end.code) (\(end.words))" }
        let said = String(decoding: text, as: UTF8.self)
        guard said != Self.answer else { return nil }
        return "\(path) cannot take over this master: it is another program or version"
    }

    /// Gives up; a program that still runs is ended, and whatever it says then concerns nobody.
    func close(killing: Bool = false) {
        // ESRCH: it has ended by itself meanwhile.
        if killing { try? ProcessControl.signal(pid, SIGKILL) }
        loop.remove(self)
        pipe = nil
    }
}
