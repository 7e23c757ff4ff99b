// One connection's TLS over its socket: the handshake, then bytes in and out with the results of a plain socket, so
// that whoever moves bytes needs not know.
//
// A write is told of when all its records are with the kernel. Until then the records that are made wait here, and the
// caller, told that it would block, comes again with the same bytes, as it would with a plain socket.

import COpenSSL
import Glibc
import Unix

/// How a handshake goes.
package enum HandshakeStep: Equatable, Sendable {
    case done
    /// The loop will tell when it goes on.
    case waits
    case failed(HandshakeFailure)
}

/// Why there was no handshake.
package enum HandshakeFailure: Equatable, Sendable {
    /// The other side closed before it had said what it wants, or its connection broke.
    case closed, broken
    /// Its certificate, or one above it, was not accepted: OpenSSL's number.
    case untrusted(Int), untrustedAuthority(Int)
    /// In OpenSSL's words.
    case refused(String)
}

/// A connection's TLS.
package final class TLSChannel {
    let session: OpaquePointer
    private let descriptor: Int32
    private unowned(unsafe) let workspace: TLSWorkspace
    /// One of the two: which side this is.
    let acceptor: TLSAcceptor?
    let connector: TLSConnector?
    /// The name that was asked of the server.
    package let requestedName: String?

    /// The last read found nothing more.
    package private(set) var isDry = false
    /// The kernel said that nothing more has come.
    private var transportIsDry = false
    /// After a read that did not fill the buffer nothing more is there.
    private var trustsShortReads = true
    private(set) var transportEnded = false
    private var hasEnded = false
    /// The other side has ended without saying so: what it sent may not be all.
    package private(set) var wasCut = false
    /// What one call may still take from the socket, so that nobody holds up the others.
    private var budget = Int.max
    /// The last read stopped because it had taken enough: there may be more at once.
    package private(set) var isStarved = false
    /// Records that the kernel did not take, and how many of the caller's bytes are in them.
    private var unsent: [UInt8] = []
    private var owed = 0
    /// What was wrong with the other side's certificates, OpenSSL's numbers; 0: nothing.
    package private(set) var certificateError = 0
    package private(set) var authorityError = 0
    package private(set) var authorityErrorDepth = 0
    /// Of those the one that was not let pass.
    private var refusal: HandshakeFailure?
    /// What the handshake failed of, OpenSSL's number; 0: nothing that it has a number for.
    package private(set) var handshakeError: UInt = 0

    /// Made into records at a time: four of them.
    private static let portion = 64 << 10
    /// Taken from the socket, and records opened, in one call.
    private static let mostRead = 256 << 10
    private static let mostRecords = 64
    /// Answers that OpenSSL makes of itself, for somebody who does not read them.
    private static let mostUnread = 16 << 10

    init(
        _ session: OpaquePointer, _ descriptor: Int32, _ workspace: TLSWorkspace,
        acceptor: TLSAcceptor? = nil, connector: TLSConnector? = nil, requestedName: String? = nil
    ) {
        self.session = session
        self.descriptor = descriptor
        self.workspace = workspace
        self.acceptor = acceptor
        self.connector = connector
        self.requestedName = requestedName
        BIO_up_ref(workspace.transport)
        BIO_up_ref(workspace.transport)
        SSL_set0_rbio(session, workspace.transport)
        SSL_set0_wbio(session, workspace.transport)
        SSL_set_ex_data(session, 0, Unmanaged.passUnretained(workspace).toOpaque())
    }

    deinit {
        // Without a goodbye OpenSSL would forget the session, which the next connection resumes.
        if SSL_is_init_finished(session) == 1 {
            SSL_set_shutdown(session, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        }
        SSL_free(session)
    }

    /// The channel that OpenSSL works for.
    static func at(_ session: OpaquePointer?) -> TLSChannel? {
        guard let data = SSL_get_ex_data(session, 0) else { return nil }
        return Unmanaged<TLSWorkspace>.fromOpaque(data).takeUnretainedValue().current
    }

    private func begin() {
        workspace.current = self
        workspace.discardOutput()
        ERR_clear_error()
    }

    // MARK: Handshake

    /// Goes on with the handshake as far as possible. `mayHaveEnded` as in `read`.
    package func handshake(mayHaveEnded: Bool) -> HandshakeStep {
        trustsShortReads = !mayHaveEnded
        switch sendUnsent() {
        case .moved, .ended: break
        case .wouldBlock: return .waits
        case .failed: return .failed(.broken)
        }
        begin()
        transportIsDry = false
        budget = .max
        let result = SSL_do_handshake(session)
        let reason = SSL_get_error(session, result)
        let sent = send(workspace.takeOutput())
        if result == 1 { return sent == .wouldBlock ? .waits : .done }
        if reason == SSL_ERROR_WANT_READ { return .waits }
        return .failed(failure())
    }

    private func failure() -> HandshakeFailure {
        handshakeError = ERR_peek_error()
        let fault = TLSFault.ofOpenSSL("")
        if let refusal { return refusal }
        if transportEnded {
            return SSL_get_state(session) == TLS_ST_BEFORE ? .closed : .refused("it has closed")
        }
        return fault.reason.isEmpty ? .broken : .refused(fault.reason)
    }

    /// OpenSSL asks about each certificate of the chain, from the top.
    static let judge: @convention(c) (Int32, OpaquePointer?) -> Int32 = { isGood, verification in
        guard isGood != 1 else { return 1 }
        let place = SSL_get_ex_data_X509_STORE_CTX_idx()
        guard let session = X509_STORE_CTX_get_ex_data(verification, place),
            let channel = TLSChannel.at(OpaquePointer(session))
        else { return 0 }
        return channel.lets(
            Int(X509_STORE_CTX_get_error(verification)),
            depth: Int(X509_STORE_CTX_get_error_depth(verification))) ? 1 : 0
    }

    private func lets(_ error: Int, depth: Int) -> Bool {
        guard let verification = acceptor?.terms.verification ?? connector?.verification else { return false }
        let isLetPass: Bool
        if depth > 0 {
            if authorityError == 0 {
                authorityError = error
                authorityErrorDepth = depth
            }
            isLetPass = verification.ignoresCAError(error)
        } else {
            if certificateError == 0 { certificateError = error }
            isLetPass = verification.ignoresError(error)
        }
        if isLetPass {
            // Otherwise a handshake that only waits would look like one that failed.
            ERR_clear_error()
        } else {
            refusal = depth > 0 ? .untrustedAuthority(error) : .untrusted(error)
        }
        return isLetPass
    }

    // MARK: Bytes

    /// For OpenSSL: bytes from the socket.
    func receive(_ buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        if transportIsDry { return .wouldBlock }
        if budget <= 0 {
            isStarved = true
            return .wouldBlock
        }
        let result = Socket.read(descriptor, into: buffer)
        switch result {
        case .moved(let count):
            budget -= count
            if count < buffer.count && trustsShortReads { transportIsDry = true }
        case .wouldBlock: transportIsDry = true
        case .ended: transportEnded = true
        case .failed: break
        }
        return result
    }

    /// As much as has come and fits; `isDry` tells whether more may be had now. `mayHaveEnded`: the kernel said that
    /// the other side has ended its direction, so that a short read is not the last one.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, mayHaveEnded: Bool, keeps: Bool = false
    ) -> Transfer {
        begin()
        transportIsDry = false
        isDry = false
        isStarved = false
        budget = Self.mostRead
        trustsShortReads = !mayHaveEnded
        var total = 0
        var records = 0
        while total < buffer.count && records < Self.mostRecords {
            records += 1
            var count = 0
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[total...])
            let result =
                keeps
                ? SSL_peek_ex(session, room.baseAddress, room.count, &count)
                : SSL_read_ex(session, room.baseAddress, room.count, &count)
            if result == 1 {
                total += count
                if keeps { break }
                continue
            }
            let reason = SSL_get_error(session, result)
            if reason == SSL_ERROR_WANT_READ {
                isDry = !isStarved
            } else if total == 0 {
                ERR_clear_error()
                guard reason == SSL_ERROR_ZERO_RETURN || transportEnded else {
                    return finished(.failed(.connectionReset))
                }
                // Who says goodbye is heard before the socket's end is.
                if !hasEnded { wasCut = transportEnded }
                hasEnded = true
                return finished(.ended)
            }
            break
        }
        return finished(total > 0 ? .moved(total) : .wouldBlock)
    }

    /// An answer that OpenSSL has made of itself while it read goes out first.
    private func finished(_ result: Transfer) -> Transfer {
        let output = workspace.takeOutput()
        if output.count > 0 { _ = send(output) }
        return owed == 0 && unsent.count > Self.mostUnread ? .failed(.connectionReset) : result
    }

    /// Some of the bytes that the last write was given may have reached the other side.
    package var isMidway: Bool { owed > 0 }

    /// Takes some of two runs of bytes. `.moved`: so many are with the kernel.
    package func write(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Transfer {
        switch sendUnsent() {
        case .moved, .ended: break
        case .wouldBlock: return .wouldBlock
        case .failed(let error): return .failed(error)
        }
        if owed > 0 {
            defer { owed = 0 }
            return .moved(owed)
        }
        begin()
        let count: Int
        if second.count > 0 && first.count < Self.portion {
            count = first.count + min(second.count, Self.portion - first.count)
            guard seal(first, second, count) else { return .failed(.brokenPipe) }
        } else {
            count = min(first.count, Self.portion)
            guard seal(UnsafeRawBufferPointer(rebasing: first[..<count])) else {
                return .failed(.brokenPipe)
            }
        }
        switch send(workspace.takeOutput()) {
        case .failed(let error): return .failed(error)
        case .wouldBlock:
            owed = count
            return .wouldBlock
        case .moved, .ended: return .moved(count)
        }
    }

    /// A head and the start of its body share a record.
    private func seal(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, _ count: Int) -> Bool
    {
        withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { whole in
            whole.copyMemory(from: first)
            UnsafeMutableRawBufferPointer(rebasing: whole[first.count...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: second[..<(count - first.count)]))
            return seal(UnsafeRawBufferPointer(whole))
        }
    }

    private func seal(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var written = 0
        if SSL_write_ex(session, bytes.baseAddress, bytes.count, &written) == 1 { return true }
        ERR_clear_error()
        return false
    }

    /// Sends records; what the kernel does not take is kept.
    private func send(_ records: UnsafeRawBufferPointer) -> Transfer {
        var sent = 0
        if unsent.isEmpty {
            while sent < records.count {
                switch Socket.write(descriptor, UnsafeRawBufferPointer(rebasing: records[sent...])) {
                case .moved(let count): sent += count
                case .wouldBlock, .ended:
                    unsent.append(contentsOf: records[sent...])
                    return .wouldBlock
                case .failed(let error): return .failed(error)
                }
            }
            return .moved(sent)
        }
        unsent.append(contentsOf: records)
        return .wouldBlock
    }

    /// `.wouldBlock`: some are left.
    private func sendUnsent() -> Transfer {
        guard !unsent.isEmpty else { return .moved(0) }
        var sent = 0
        let result = unsent.withUnsafeBytes { bytes -> Transfer in
            while sent < bytes.count {
                switch Socket.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[sent...])) {
                case .moved(let count): sent += count
                case .wouldBlock, .ended: return .wouldBlock
                case .failed(let error): return .failed(error)
                }
            }
            return .moved(sent)
        }
        if sent == unsent.count { unsent = [] } else { unsent.removeFirst(sent) }
        return result
    }

    /// Tells the other side that all was said, so that it can tell an end from a cut.
    package func sayGoodbye() {
        guard SSL_is_init_finished(session) == 1 else { return }
        begin()
        SSL_shutdown(session)
        ERR_clear_error()
        _ = send(workspace.takeOutput())
    }
}
