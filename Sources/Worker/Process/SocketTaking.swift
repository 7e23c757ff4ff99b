// `-x`: the listening sockets of another process, HAProxy or mwproxy, asked for over its admin socket. A peer that
// says nothing, too much or something else ends in a failure; nothing that came is kept open then.

import Glibc
import Proxying
import RuntimeAPI
import Unix

/// Sockets that another process has given, each once.
package struct TakenSockets {
    /// By the key that a configuration gives to what it wants; whoever takes one out owns it.
    package private(set) var sockets: [String: Int32] = [:]

    /// Why a process did not give its sockets: HAProxy's words where it has some.
    package struct Failure: Error, Equatable {
        package let text: String

        fileprivate func because(_ reason: String) -> Failure { Failure(text: "\(text) (\(reason))") }
    }

    /// How long the other process may be silent.
    private static let patience: Duration = .seconds(5)

    /// Asks the process behind the admin socket at `path`. None at all is no failure.
    package init(from path: String, patience: Duration = Self.patience) throws(Failure) {
        try self.init(over: try Self.connect(path, patience: patience), patience: patience)
    }

    /// Asks the process at the other end.
    package init(over connection: borrowing Descriptor, patience: Duration) throws(Failure) {
        var received: [Int32] = []
        do throws(Failure) {
            let records = try Self.receive(over: connection, patience: patience, into: &received)
            keep(received, records)
        } catch {
            for number in received { _ = Descriptor(owning: number) }
            throw error
        }
    }

    /// A socket of another network namespace is another one, whatever its address says.
    private mutating func keep(_ received: [Int32], _ records: [TransferredSocket]) {
        var seen: [String: Int] = [:]
        for (number, record) in zip(received, records) {
            guard record.namespace.isEmpty, let key = ListeningKey.of(socket: number) else {
                _ = Descriptor(owning: number)
                continue
            }
            sockets[ListeningKey.unique(key, &seen).key] = number
        }
    }

    private static func receive(
        over connection: borrowing Descriptor, patience: Duration, into received: inout [Int32]
    ) throws(Failure) -> [TransferredSocket] {
        let unreadable = Failure(text: "Failed to get the number of sockets to be transferred !")
        do throws(Errno) {
            try File.writeAll(connection.raw, SocketTransfer.request.utf8)
        } catch {
            throw unreadable.because(error.description)
        }
        let first = try message(connection, SocketTransfer.countSize, patience, unreadable)
        received += first.descriptors
        guard first.descriptors.isEmpty else { throw unreadable.because("sockets came before it") }
        let count = try consistent { () throws(SocketTransfer.Fault) in
            try SocketTransfer.count(in: first.bytes)
        }
        var bytes: [UInt8] = []
        while received.count < count {
            let batch = try message(
                connection, SocketTransfer.longestBatch, patience,
                Failure(text: "Failed to get sockets \(received.count + 1) to \(count)"))
            received += batch.descriptors
            bytes += batch.bytes
            guard !batch.descriptors.isEmpty, received.count <= count else {
                throw Failure(text: "Expected \(count) sockets, found \(received.count)")
            }
            // The sender does not wait for the last one, and may have gone.
            try? File.writeAll(connection.raw, SocketTransfer.acknowledgement)
        }
        return try consistent { () throws(SocketTransfer.Fault) in
            try SocketTransfer.sockets(in: bytes, count: count)
        }
    }

    private static func consistent<Value>(
        _ read: () throws(SocketTransfer.Fault) -> Value
    ) throws(Failure) -> Value {
        do throws(SocketTransfer.Fault) {
            return try read()
        } catch {
            throw Failure(text: "Inconsistency while transferring sockets: \(error)")
        }
    }

    private static func connect(_ path: String, patience: Duration) throws(Failure) -> Descriptor {
        let limit = Instant.now() + patience
        do throws(Errno) {
            let place = SocketAddress.unix(path: path)
            let connection = try Socket.stream(for: place)
            while true {
                do throws(Errno) {
                    _ = try Socket.connect(connection.raw, to: place)
                    return connection
                } catch .resourceTemporarilyUnavailable {
                    // Its queue is full.
                    guard Instant.now() < limit else { throw .resourceTemporarilyUnavailable }
                    poll(nil, 0, 10)
                }
            }
        } catch {
            throw Failure(text: "Failed to connect to the old process socket '\(path)'")
                .because(error.description)
        }
    }

    /// What comes next, with the descriptors that the caller owns now.
    private static func message(
        _ connection: borrowing Descriptor, _ capacity: Int, _ patience: Duration, _ failure: Failure
    ) throws(Failure) -> (bytes: [UInt8], descriptors: [Int32]) {
        let limit = Instant.now() + patience
        while Instant.now() < limit {
            var waiting = pollfd(fd: connection.raw, events: Int16(POLLIN), revents: 0)
            poll(&waiting, 1, Int32(clamping: max(1, (limit - .now()).milliseconds)))
            do throws(Errno) {
                switch try DescriptorPassing.receive(over: connection.raw, capacity: capacity) {
                case .wouldBlock: continue
                case .ended: break
                case .message(let bytes, let descriptors): return (bytes, descriptors)
                case .stripped: throw .tooManyOpenFiles
                }
            } catch {
                throw failure.because(error.description)
            }
            throw failure.because("it closed the connection")
        }
        throw failure.because("it said nothing for \(patience.components.seconds) s")
    }
}
