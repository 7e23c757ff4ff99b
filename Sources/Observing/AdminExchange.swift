// One question to an admin socket on its way: connect, send, end the sending side, read to the end, close. It never
// blocks; whoever drives it waits for its descriptor. It is never held open: a held session keeps an old worker alive.

import Glibc
import Unix

/// One question and its answer: `proceed` when its descriptor is ready, until there is an `outcome`.
package final class AdminExchange {
    /// How it ended.
    package enum Outcome: Equatable {
        case complete
        /// More than the limit came.
        case tooLong
        case refused(Errno)
    }

    private var socket: Int32 = -1
    private var unsent: ArraySlice<UInt8>
    private let limit: Int
    private var total = 0
    /// What has come and was not taken.
    private(set) var received: [UInt8] = []
    /// Set once it has ended.
    package private(set) var outcome: Outcome?
    /// It stopped reading because its time was over, not because nothing was there.
    private(set) var hasMore = false

    /// - Parameter limit: the longest reply that is taken in, in bytes.
    package init(_ address: SocketAddress, _ command: String, limit: Int = 32 << 20) {
        self.limit = limit
        unsent = Array((command + "\n").utf8)[...]
        do throws(Errno) {
            socket = try Socket.stream(for: address).release()
            if try Socket.connect(socket, to: address) { send() }
        } catch {
            finish(.refused(error))
        }
    }

    deinit {
        if socket >= 0 { close(socket) }
    }

    /// The descriptor to wait for: open as long as this value lives, whatever has become of the session.
    package var descriptor: Int32 { socket }

    /// It is not connected or has not sent all yet: it waits to write. Once it has ended: whether nobody can have read the
    /// whole question.
    package var isSending: Bool { !unsent.isEmpty }

    var interest: pollfd {
        pollfd(fd: socket, events: Int16(isSending ? POLLOUT : POLLIN), revents: 0)
    }

    /// Goes on as far as it can, or until `moment`.
    package func proceed(until moment: Instant = .never) {
        if isSending, outcome == nil { send() }
        if !isSending, outcome == nil { receive(until: moment) }
    }

    /// Takes out what has come so far.
    func take() -> [UInt8] {
        defer { received = [] }
        return received
    }

    /// What has come and was not taken, as text.
    package var text: String { String(decoding: received, as: UTF8.self) }

    private func send() {
        if let error = Socket.pendingError(socket) { return finish(.refused(error)) }
        switch unsent.withUnsafeBytes({ Socket.write(socket, $0) }) {
        case .moved(let count):
            unsent = unsent.dropFirst(count)
            if unsent.isEmpty { Socket.shutdownWrite(socket) }
        case .failed(let error): finish(.refused(error))
        case .wouldBlock, .ended: break
        }
    }

    private func receive(until moment: Instant) {
        hasMore = false
        repeat {
            var result = Transfer.wouldBlock
            withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
                result = Socket.read(socket, into: buffer)
                if case .moved(let count) = result {
                    received.append(contentsOf: buffer[..<count])
                    total += count
                }
            }
            switch result {
            case .moved: if total > limit { finish(.tooLong) }
            case .wouldBlock: return
            case .ended: finish(.complete)
            case .failed(let error): finish(total == 0 ? .refused(error) : .complete)
            }
            hasMore = moment != .never && Instant.now() >= moment
        } while outcome == nil && !hasMore
    }

    /// Ends the session at once; the descriptor is closed with this value.
    package func end() {
        if socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    private func finish(_ outcome: Outcome) {
        self.outcome = outcome
        end()
    }
}
