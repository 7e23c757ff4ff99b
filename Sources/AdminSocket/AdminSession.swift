// One connection to an admin socket: lines come in, each is cut into commands, one command after the other is
// answered. The next command starts when the socket has taken the last reply, so a slow client holds up only
// itself, and memory per session is bounded.

import Polling
import RuntimeAPI
import Unix

package final class AdminSession: Watcher {
    /// The longest line of commands, and the most payload after `<<`, in bytes.
    static let longestLine = 16384
    static let longestPayload = 131_072
    /// How much unsent output stops a reply until the socket takes it.
    private static let outputLimit = 32768
    /// How many pieces of a long reply are made in one round of the loop.
    private static let piecesPerRound = 8

    enum Phase {
        case idle
        case pieces(() -> [UInt8]?)
        case waiting(PendingReply)
        case relaying(AdminUpstream)
        /// Sends what is left, then closes.
        case closing
    }

    /// Counts the connections of this server, from 1.
    package let number: Int
    package let style: SessionSettings.Style
    package internal(set) var level: CommandLevel
    /// When the connection was accepted or adopted.
    package let openedAt: Instant
    /// The process at the other end; nil on TCP.
    package let peer: (pid: Int32, uid: UInt32)?
    /// How long the session may neither send nor take anything; nil: for ever.
    package var timeout: Duration? {
        didSet { touch() }
    }
    /// The master's prompt while commands go to another process: `2367` makes it `2367> `.
    package var promptName: String?
    /// For the owner's `route`: where commands without a prefix go, such as `@!2367`.
    package var target: String?
    package internal(set) var isInteractive = false
    package let exposesListeners: Bool

    unowned let server: AdminServer
    var descriptor: Descriptor?
    var phase = Phase.idle
    var input: [UInt8] = []
    /// Commands of the line that is being worked on.
    var commands: ArraySlice<String> = []
    /// A line that awaits its payload, and the payload so far.
    var payloadLine: String?
    var payload: String = ""
    var inputEnded = false
    /// Whether a command came already.
    private(set) var hasSpoken = false
    var output: [UInt8] = []
    private var outputStart = 0
    private var mayRead = true
    private var isAdvancing = false
    private var resumesNextRound = false
    var lastActivity: Instant

    init(
        _ descriptor: consuming Descriptor, number: Int, settings: SessionSettings, server: AdminServer
    ) {
        self.peer = try? Socket.peerCredentials(descriptor.raw)
        self.descriptor = consume descriptor
        self.number = number
        self.style = settings.style
        self.level = settings.level
        self.timeout = settings.timeout
        self.exposesListeners = settings.exposesListeners
        self.server = server
        self.openedAt = server.loop.now
        self.lastActivity = server.loop.now
    }

    // MARK: For commands

    func lowerLevel(to lower: CommandLevel) {
        level = min(level, lower)
    }

    func togglePrompt() {
        isInteractive.toggle()
    }

    /// Whether it waits for its next command.
    var isIdle: Bool {
        if case .idle = phase { unsentCount == 0 } else { false }
    }

    // MARK: Output

    private var unsentCount: Int { output.count - outputStart }

    /// Whether more output may be made now.
    var hasRoom: Bool { unsentCount < Self.outputLimit }

    func say(_ text: String) {
        output += text.utf8
    }

    /// Appends what `read` puts into a buffer.
    func receive(_ read: (UnsafeMutableRawBufferPointer) -> Transfer) -> Transfer {
        withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 16) { buffer in
            let transfer = read(buffer)
            if case .moved(let count) = transfer { output += buffer[..<count] }
            return transfer
        }
    }

    private enum Flush { case done, blocked, failed }

    private func flush() -> Flush {
        guard let raw = descriptor?.raw else { return .failed }
        while unsentCount > 0 {
            let transfer = output.withUnsafeBytes { bytes in
                Socket.write(raw, UnsafeRawBufferPointer(rebasing: bytes[outputStart...]))
            }
            switch transfer {
            case .moved(let count):
                outputStart += count
                touch()
            case .wouldBlock: return .blocked
            case .ended, .failed: return .failed
            }
        }
        output.removeAll(keepingCapacity: output.capacity <= 2 * Self.outputLimit)
        outputStart = 0
        return .done
    }

    /// What has not been sent yet.
    var unsent: ArraySlice<UInt8> { output[outputStart...] }

    // MARK: Events

    override package func ready(_ readiness: UInt32) {
        let readiness = Readiness(rawValue: readiness)
        mayRead = true
        if readiness.contains(.hungUp) || readiness.contains(.failed) {
            // Both directions are closed: what a client sent before it left is still done where it waits
            // in the socket, but nobody reads an answer.
            if case .idle = phase, !inputEnded {} else { return end() }
        }
        advance()
    }

    override package func deadlineReached() {
        end()
    }

    func upstreamReady() {
        advance()
    }

    /// Moves the moment at which a silent session ends.
    private func touch() {
        lastActivity = server.loop.now
        guard watched >= 0 else { return }
        server.loop.setDeadline(timeout.map { server.loop.now + $0 } ?? .never, of: self)
    }

    /// Goes on as far as it can now.
    func advance() {
        guard !isAdvancing, descriptor != nil else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var pieces = 0
        while descriptor != nil {
            switch flush() {
            case .failed: return end()
            case .blocked: return
            case .done: break
            }
            switch phase {
            case .closing: return end()
            case .pieces(let next):
                pieces += 1
                if pieces > Self.piecesPerRound { return resumeNextRound() }
                if let piece = next() { output += piece } else { replyEnded(blankLine: true) }
            case .waiting: return waitWithoutDeadline()
            case .relaying(let upstream):
                pieces += 1
                if pieces > Self.piecesPerRound { return resumeNextRound() }
                if upstream.pump(into: self) {
                    upstream.close(on: server.loop)
                    replyEnded(blankLine: false)
                } else if unsentCount == 0 {
                    return waitWithoutDeadline()
                }
            case .idle:
                if !startNextCommand() { return }
            }
        }
    }

    private func resumeNextRound() {
        guard !resumesNextRound else { return }
        resumesNextRound = true
        server.loop.atEndOfRound { [weak self] in
            self?.resumesNextRound = false
            self?.advance()
        }
    }

    /// The client waits for us: that is no silence of its own. What it still types is read, up to a bound,
    /// so that its leaving is noticed.
    private func waitWithoutDeadline() {
        server.loop.cancelDeadline(of: self)
        if readMore() == .failed { end() }
    }

    /// Ends the session. What was not sent is lost.
    package func end() {
        guard descriptor != nil else { return }
        switch phase {
        case .waiting(let pending): pending.abandon()
        case .relaying(let upstream): upstream.close(on: server.loop)
        default: break
        }
        phase = .closing
        discardInput()
        server.loop.forget(self)
        descriptor = nil
        server.sessionEnded(self)
    }

    /// Unread bytes at close would make the kernel answer with a reset, which can overtake the last reply.
    private func discardInput() {
        guard let raw = descriptor?.raw else { return }
        withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 16) { buffer in
            for _ in 0..<8 {
                guard case .moved = Socket.read(raw, into: buffer) else { return }
            }
        }
    }

    // MARK: Input

    private enum Reading { case some, none, failed }

    /// Takes what the client has sent, up to the bound of one line or payload.
    private func readMore() -> Reading {
        let bound = Self.longestLine + (payloadLine == nil ? 0 : Self.longestPayload)
        var got = Reading.none
        guard let raw = descriptor?.raw else { return .failed }
        while mayRead, !inputEnded, input.count <= bound {
            let transfer = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
                let transfer = Socket.read(raw, into: buffer)
                if case .moved(let count) = transfer { input += buffer[..<count] }
                return transfer
            }
            switch transfer {
            case .moved: got = .some
            case .wouldBlock: mayRead = false
            case .ended: inputEnded = true
            case .failed: return .failed
            }
        }
        return got
    }

    /// The next line of the input, without its newline; nil where none is complete.
    private func takeLine() -> String? {
        guard let end = input.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        var line = input[..<end]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        let text = String(decoding: line, as: UTF8.self)
        input.removeFirst(end + 1)
        return text
    }

    /// Starts the next command; false where the session waits for the client or has ended.
    private func startNextCommand() -> Bool {
        if let command = commands.popFirst() {
            start(command, payload: nil)
            return true
        }
        while true {
            if let line = takeLine() {
                if lineTaken(line) { return true }
                continue
            }
            if input.count > Self.longestLine {
                say("Line too long: at most \(Self.longestLine) bytes.\n")
                phase = .closing
                return true
            }
            switch readMore() {
            case .some:
                touch()
                continue
            case .failed:
                end()
                return false
            case .none:
                if inputEnded {
                    end()
                    return false
                }
                touch()
                return false
            }
        }
    }

    /// True when there is something to do for it now.
    private func lineTaken(_ line: String) -> Bool {
        if let command = payloadLine {
            if line.isEmpty {
                payloadLine = nil
                let complete = payload
                payload = ""
                start(command, payload: complete)
            } else if payload.utf8.count + line.utf8.count > Self.longestPayload {
                say("Payload too long: at most \(Self.longestPayload) bytes.\n")
                phase = .closing
            } else {
                payload += line + "\n"
                if isInteractive { say("+ ") }
                return isInteractive
            }
            return true
        }
        if let command = CommandText.withoutPayloadMark(line) {
            payloadLine = command
            if isInteractive { say("+ ") }
            return isInteractive
        }
        if line.allSatisfy({ $0 == " " || $0 == "\t" }), isInteractive {
            replyEnded(blankLine: false)
            return true
        }
        commands = CommandText.commands(in: line)[...]
        if commands.count > 1, commands.last?.allSatisfy({ $0 == " " || $0 == "\t" }) == true {
            commands.removeLast()
        }
        return true
    }

    private func start(_ command: String, payload: String?) {
        hasSpoken = true
        switch server.commands.reply(to: command, payload: payload, in: self) {
        case .text(let text):
            say(text)
            replyEnded(blankLine: true)
        case .nothing:
            replyEnded(blankLine: style == .worker)
        case .farewell(let text):
            say(text)
            phase = .closing
        case .takeOver(let receiver): leave(to: receiver)
        case .pieces(let next):
            phase = .pieces(next)
        case .later(let begin):
            let pending = PendingReply(self)
            phase = .waiting(pending)
            begin(pending)
        case .relay(let upstream):
            do {
                try upstream.start(on: server.loop)
                upstream.session = self
                phase = .relaying(upstream)
            } catch {
                say("Cannot reach the other process: \(error)\n")
                replyEnded(blankLine: true)
            }
        }
    }

    private func leave(to receiver: (consuming Descriptor) -> Void) {
        server.loop.remove(self)
        guard let connection = descriptor.take() else { return }
        phase = .closing
        receiver(connection)
        server.sessionEnded(self)
    }

    /// The reply to the current command is complete.
    func replyEnded(blankLine: Bool) {
        closeReply(blankLine: blankLine)
        touch()
        advance()
    }

    /// Says what ends a reply and decides whether the session goes on.
    func closeReply(blankLine: Bool) {
        if blankLine { say("\n") }
        if isInteractive {
            say(style == .worker ? "> " : (promptName ?? "master") + "> ")
        }
        phase = .idle
        // A worker's socket serves one line, and what came with it in one go.
        if style == .worker, !isInteractive, commands.isEmpty, input.isEmpty { phase = .closing }
    }
}
