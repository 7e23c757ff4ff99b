// Tries the binary before the master becomes it: a program that cannot run, or that cannot read this master's state,
// is found out while the running one can still refuse it.

import CLinux
import Glibc
import Handover
import Polling
import Unix

/// One try. The answer comes through the loop; the deadline is the state's.
final class BinaryProbe: Watcher {
    /// What the environment tells a binary that it is asked in this way.
    private static let question = "2"

    enum Verdict: Equatable {
        /// The master can become it, and hands its state over in this form.
        case takesOver(StateForm)
        case cannot(String)
    }

    private static let refusal = "mwproxy cannot go on with it: "

    /// What this binary answers to a master that asks with `question`. `state`: a descriptor of what that master would
    /// hand over, which is read as if it had been.
    static func answer(to question: String, state: Int32?) -> String {
        guard question == self.question else { return BinaryAbilities.lineOfSingleForm }
        if let state {
            do throws(MessageError) {
                _ = try MasterHandover.load(state, version: Program.version)
            } catch .version {
                // Of a form that is not known here: the master chooses another one.
            } catch {
                return "\(refusal)\(error)\n"
            }
        }
        return BinaryAbilities.own.line
    }

    private(set) var pid: Int32 = 0
    private let loop: EventLoop
    private var pipe: Descriptor?
    private var text: [UInt8] = []

    /// `state`: what the master would hand over now.
    init(_ program: ProgramIdentity, state: borrowing Descriptor, on loop: EventLoop) throws(Errno) {
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
            environment: ProcessControl.environment + [
                "\(HandoverVariable.probe)=\(Self.question)", "\(HandoverVariable.master)=\(state.raw)",
            ],
            inherited: [(from: writing.raw, to: 1), (from: state.raw, to: state.raw)])
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

    /// The process has ended: what came of the try.
    func verdict(_ end: ProcessEnd, path: String) -> Verdict {
        read()
        if end != .exited(0) {
            return .cannot("\(path) cannot run: it ended with code \(end.code) (\(end.words))")
        }
        let said = String(decoding: text, as: UTF8.self)
        if said.hasPrefix(Self.refusal) {
            let reason = said.dropFirst(Self.refusal.count).prefix { $0 != "\n" }
            return .cannot("\(path) cannot take over this master: it cannot read its state (\(reason))")
        }
        guard let found = BinaryAbilities(parsing: said) else {
            return .cannot("\(path) cannot take over this master: it is another program")
        }
        guard let form = found.common else {
            return .cannot(
                "\(path) cannot take over this master: it reads \(found.words), this one writes "
                    + "\(BinaryAbilities.own.words); only a restart brings that release")
        }
        return .takesOver(form)
    }

    /// Gives up; a program that still runs is ended, and whatever it says then concerns nobody.
    func close(killing: Bool = false) {
        // ESRCH: it has ended by itself meanwhile.
        if killing { try? ProcessControl.signal(pid, SIGKILL) }
        loop.remove(self)
        pipe = nil
    }
}
