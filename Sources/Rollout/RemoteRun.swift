// One ssh under way: what it says is read beside everything else, and the host is told to go on once it has answered.

import CLinux
import Glibc
import Unix

package final class RemoteRun {
    private static let longestOutput = 32 << 20
    private static let longestErrors = 1 << 16

    private let process: pid_t
    /// Readable when it has ended: a connection that is shared in the background keeps its output open.
    private let handle: Descriptor
    private var input: Descriptor?
    private let output: Descriptor
    private let errors: Descriptor
    /// What is sent after the word to go on; nil: nothing is waited for.
    private let content: [UInt8]?
    private var sending: ArraySlice<UInt8> = []
    private var said: [UInt8] = []
    private var complaints: [UInt8] = []
    private let began = Instant.now()
    private var transcript: Transcript?
    /// Descriptors that will say nothing more.
    private var closed: Set<Int32> = []
    /// When it is given up.
    let deadline: Instant
    /// The process of the reload on the host, once that has answered.
    private(set) var remoteProcess: Int32?

    /// - Parameters:
    ///   - content: what the reload reads; nil: a command that does not wait for a word.
    ///   - isApart: in a session of its own, which a terminal's signals do not reach.
    init(
        _ command: RemoteCommand, content: [UInt8]?, within span: Duration, isApart: Bool
    ) throws(Errno) {
        func pipe() throws(Errno) -> (reading: Int32, writing: Int32) {
            var pair: [Int32] = [-1, -1]
            _ = try Errno.check(clinux_pipe(&pair, 0))
            return (pair[0], pair[1])
        }
        let (theirInput, ownInput) = try pipe()
        let stdin = Descriptor(owning: theirInput)
        input = Descriptor(owning: ownInput)
        let (ownOutput, theirOutput) = try pipe()
        output = Descriptor(owning: ownOutput)
        let stdout = Descriptor(owning: theirOutput)
        let (ownErrors, theirErrors) = try pipe()
        errors = Descriptor(owning: ownErrors)
        let stderr = Descriptor(owning: theirErrors)
        for raw in [ownInput, ownOutput, ownErrors] { try setNonBlocking(raw) }
        self.content = content
        deadline = .now() + span
        process = try ProcessControl.spawn(
            try Self.path(of: command.words[0]), arguments: command.words,
            environment: ProcessControl.environment,
            inherited: [(stdin.raw, 0), (stdout.raw, 1), (stderr.raw, 2)], newSession: isApart)
        do throws(Errno) {
            handle = try ProcessControl.open(pid: process)
        } catch {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
            throw error
        }
        if content == nil { input = nil }
    }

    /// A name is looked for in PATH.
    private static func path(of name: String) throws(Errno) -> String {
        if name.contains("/") { return name }
        let path = ProcessControl.environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in path.split(separator: ":") where access("\(folder)/\(name)", X_OK) == 0 {
            return "\(folder)/\(name)"
        }
        throw .noSuchFileOrDirectory
    }

    deinit { if transcript == nil { end() } }

    /// What `poll` waits for.
    var polled: [pollfd] {
        let reading = [output.raw, errors.raw, handle.raw].filter { !closed.contains($0) }
        var all = reading.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        if let raw = input?.raw, !sending.isEmpty {
            all.append(pollfd(fd: raw, events: Int16(POLLOUT), revents: 0))
        }
        return all
    }

    /// Goes on without waiting; what it has left once it has ended, or was given up.
    func proceed() -> Transcript? {
        if let transcript { return transcript }
        // Before its output is read: nothing is missed then.
        var ended = pollfd(fd: handle.raw, events: Int16(POLLIN), revents: 0)
        let hasEnded = poll(&ended, 1, 0) > 0
        read(output.raw, into: &said, atMost: Self.longestOutput)
        read(errors.raw, into: &complaints, atMost: Self.longestErrors)
        if remoteProcess == nil { meet() }
        send()
        if hasEnded {
            var status: Int32 = 0
            waitpid(process, &status, 0)
            leave(.exited(ProcessEnd(waitStatus: status).code))
        } else if Instant.now() >= deadline {
            cut("no answer in time")
        }
        return transcript
    }

    /// Gives it up: the connection is ended, the host goes on alone.
    func cut(_ why: String) {
        guard transcript == nil else { return }
        end()
        leave(.cut(why))
    }

    private func end() {
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }

    private func leave(_ ending: Transcript.Ending) {
        var transcript = Transcript(ending)
        transcript.wasReleased = wasReleased
        transcript.output = String(decoding: said, as: UTF8.self)
        transcript.errors = String(decoding: complaints, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map(String.init)
        transcript.milliseconds = Double((Instant.now() - began).nanoseconds) / 1_000_000
        self.transcript = transcript
    }

    private var wasReleased: Bool { remoteProcess != nil }

    /// The host has answered: it gets the word to go on, and the content.
    private func meet() {
        guard let content, !said.isEmpty else { return }
        let lines = said.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        let mark = Array(RemoteCommand.mark.utf8)
        for line in lines where line.starts(with: mark) {
            guard let number = Int32(String(decoding: line.dropFirst(mark.count), as: UTF8.self)) else {
                continue
            }
            remoteProcess = number
            sending = (Array("go\n".utf8) + content)[...]
        }
    }

    private func send() {
        guard let raw = input?.raw, wasReleased else { return }
        while !sending.isEmpty {
            let count = sending.withUnsafeBytes { write(raw, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                // Whoever does not read any more tells why by its end.
                if errno != EAGAIN { input = nil }
                return
            }
            sending = sending.dropFirst(count)
        }
        input = nil
    }

    private func read(_ raw: Int32, into bytes: inout [UInt8], atMost limit: Int) {
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = Glibc.read(raw, &chunk, chunk.count)
            if count > 0 {
                if bytes.count < limit { bytes += chunk[..<count] }
                continue
            }
            if count < 0 && errno == EINTR { continue }
            if count == 0 { closed.insert(raw) }
            return
        }
    }
}
