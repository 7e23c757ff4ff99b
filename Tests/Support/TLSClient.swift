// A client that speaks TLS, driven by hand: OpenSSL between two buffers, so that a test decides which bytes go out, how
// slowly it reads, and what else runs while it waits. It shares nothing with the rooms under test.

import COpenSSL
import Glibc
import Unix

/// A session that a later connection can resume.
package final class TLSTicket {
    fileprivate let pointer: OpaquePointer

    fileprivate init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit { SSL_SESSION_free(pointer) }

    /// How many bytes the server takes before the handshake is done.
    package var mostEarlyData: UInt32 { SSL_SESSION_get_max_early_data(pointer) }
}

package final class TLSClient {
    /// What the client says of itself, and what it wants.
    package struct Terms {
        /// Nil: whatever both know.
        package var version: Version?
        package var name: String?
        /// A PEM file with certificate and key.
        package var certificate: String?
        package var ciphers: String?
        package var alpn: [String] = []
        package var ticket: TLSTicket?

        package init(
            _ version: Version? = nil, name: String? = nil, certificate: String? = nil,
            ciphers: String? = nil, alpn: [String] = [], ticket: TLSTicket? = nil
        ) {
            self.version = version
            self.name = name
            self.certificate = certificate
            self.ciphers = ciphers
            self.alpn = alpn
            self.ticket = ticket
        }
    }

    package enum Version: String, CaseIterable, Sendable {
        case v11 = "TLSv1.1"
        case v12 = "TLSv1.2"
        case v13 = "TLSv1.3"

        fileprivate var number: Int32 {
            switch self {
            case .v11: 0x0302
            case .v12: 0x0303
            case .v13: 0x0304
            }
        }
    }

    /// How the server ended its direction.
    package enum Ending: Equatable {
        /// With TLS's own goodbye.
        case goodbye
        /// Without one.
        case cut
        /// In OpenSSL's words, or the system's.
        case failed(String)
    }

    private let context: OpaquePointer
    private let session: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    private var socket: Int32
    private var unsent: [UInt8] = []
    private var room = [UInt8](repeating: 0, count: 64 << 10)
    /// Called while nothing can be done; must return soon.
    private let idle: () throws -> Void
    package private(set) var received: [UInt8] = []
    package private(set) var ending: Ending?

    /// Connects to a port of 127.0.0.1; nothing is said yet. `idle`: what to do instead of waiting.
    package init(
        port: UInt16, _ terms: Terms = Terms(), idle: @escaping () throws -> Void = { poll(nil, 0, 1) }
    ) throws {
        self.idle = idle
        guard let context = SSL_CTX_new(TLS_client_method()), let session = Self.session(context, terms),
            let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem())
        else { throw ProgramError("no TLS client: \(Self.complaint)") }
        (self.context, self.session, self.input, self.output) = (context, session, input, output)
        copenssl_set_empty_means_more(input)
        copenssl_set_empty_means_more(output)
        SSL_set_bio(session, input, output)
        let address = SocketAddress.ipv4(0x7f00_0001, port: port)
        let descriptor = try Socket.stream(for: address)
        let raw = descriptor.raw
        let stands = try Socket.connect(raw, to: address)
        socket = descriptor.release()
        if !stands {
            try work(for: "a connection to \(address)") {
                try idle()
                var request = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
                return poll(&request, 1, 0) == 1
            }
            if let error = Socket.pendingError(raw) { throw error }
        }
    }

    deinit {
        close()
        // Else what could be resumed would be marked as broken.
        SSL_set_shutdown(session, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        SSL_free(session)
        SSL_CTX_free(context)
    }

    private static func session(_ context: OpaquePointer, _ terms: Terms) -> OpaquePointer? {
        if terms.version == .v11 {
            SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0")
        }
        if let version = terms.version {
            guard copenssl_set_min_version(context, version.number) == 1,
                copenssl_set_max_version(context, version.number) == 1
            else { return nil }
        }
        if let certificate = terms.certificate {
            guard SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) == 1,
                SSL_CTX_use_PrivateKey_file(context, certificate, SSL_FILETYPE_PEM) == 1
            else { return nil }
        }
        if let ciphers = terms.ciphers, SSL_CTX_set_cipher_list(context, ciphers) != 1 { return nil }
        let protocols = terms.alpn.flatMap { [UInt8($0.utf8.count)] + $0.utf8 }
        if !protocols.isEmpty { SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count)) }
        guard let session = SSL_new(context) else { return nil }
        if let name = terms.name { copenssl_set_host_name(session, name) }
        if let ticket = terms.ticket, SSL_set_session(session, ticket.pointer) != 1 { return nil }
        SSL_set_connect_state(session)
        return session
    }

    private static var complaint: String {
        let code = ERR_get_error()
        ERR_clear_error()
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "no reason given"
    }

    // MARK: Bytes

    /// Makes the first message and returns its bytes instead of sending them.
    package func takeHello() -> [UInt8] {
        ERR_clear_error()
        SSL_do_handshake(session)
        ERR_clear_error()
        collect()
        defer { unsent = [] }
        return unsent
    }

    /// Sends bytes as they are, past TLS.
    package func sendRaw(_ bytes: [UInt8]) throws {
        unsent += bytes
        try flush()
    }

    private func collect() {
        var count = BIO_read(output, &room, Int32(room.count))
        while count > 0 {
            unsent += room[..<Int(count)]
            count = BIO_read(output, &room, Int32(room.count))
        }
    }

    /// Sends as much as the kernel takes; true: all.
    private func push() -> Bool {
        collect()
        var sent = 0
        loop: while sent < unsent.count && socket >= 0 {
            let result = unsent.withUnsafeBytes { Socket.write(socket, .init(rebasing: $0[sent...])) }
            switch result {
            case .moved(let count): sent += count
            case .wouldBlock: break loop
            case .ended, .failed:
                // What the server said before is still read.
                sent = unsent.count
            }
        }
        unsent.removeFirst(sent)
        return unsent.isEmpty
    }

    /// Takes at most `limit` bytes from the socket; false: there were none.
    private func pull(_ limit: Int) -> Bool {
        guard ending == nil, socket >= 0 else { return false }
        let size = min(limit, room.count)
        switch room.withUnsafeMutableBytes({ Socket.read(socket, into: .init(rebasing: $0[..<size])) }) {
        case .moved(let count):
            BIO_write(input, room, Int32(count))
            return true
        case .wouldBlock: return false
        case .ended: ending = .cut
        case .failed(let error): ending = .failed(error.description)
        }
        return false
    }

    private func flush() throws {
        try work(for: "room to send") {
            if push() { return true }
            try idle()
            return false
        }
    }

    /// One round; false: nothing moved.
    private func step(_ limit: Int) -> Bool {
        _ = push()
        let moved = pull(limit)
        guard moved || ending != nil else { return false }
        if SSL_is_init_finished(session) == 1 { take() }
        return moved
    }

    /// Decrypts what has come.
    private func take() {
        ERR_clear_error()
        var result = SSL_read(session, &room, Int32(room.count))
        while result > 0 {
            received += room[..<Int(result)]
            result = SSL_read(session, &room, Int32(room.count))
        }
        let reason = SSL_get_error(session, result)
        if reason == SSL_ERROR_ZERO_RETURN { ending = .goodbye }
        if reason == SSL_ERROR_SSL { ending = .failed(Self.complaint) }
    }

    // MARK: Talking

    /// Shakes hands to the end, or to `ending`; true: it is done.
    @discardableResult
    package func shakeHands() throws -> Bool {
        try work(for: "the handshake") {
            ERR_clear_error()
            let result = SSL_do_handshake(session)
            if result == 1 {
                _ = push()
                return true
            }
            if SSL_get_error(session, result) != SSL_ERROR_WANT_READ {
                _ = push()
                ending = .failed(Self.complaint)
                return true
            }
            if ending != nil { return true }
            if !step(room.count) { try idle() }
            return false
        }
        return ending == nil && SSL_is_init_finished(session) == 1
    }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        ERR_clear_error()
        if !bytes.isEmpty && SSL_write(session, bytes, Int32(bytes.count)) <= 0 {
            throw ProgramError("TLS cannot send: \(Self.complaint)")
        }
        try flush()
    }

    /// Seals bytes that go out while others are read.
    package func sendLazily(_ bytes: [UInt8]) throws {
        ERR_clear_error()
        guard SSL_write(session, bytes, Int32(bytes.count)) > 0 else {
            throw ProgramError("TLS cannot send: \(Self.complaint)")
        }
        _ = push()
    }

    /// Like `send`, and reads meanwhile: for those who send back what they get.
    package func exchange(_ bytes: [UInt8], until condition: ([UInt8]) -> Bool) throws {
        try sendLazily(bytes)
        try read(for: "the answer", until: condition)
    }

    /// Reads until `condition` holds for what was received, or the server ended. `limit`: at most so many bytes of the
    /// socket at a time.
    package func read(
        for what: String, limit: Int = .max, until condition: ([UInt8]) -> Bool
    ) throws {
        take()
        try work(for: what) {
            if condition(received) || ending != nil { return true }
            if !step(limit) { try idle() }
            return false
        }
    }

    package func read(until text: String) throws -> String {
        let wanted = Array(text.utf8)
        try read(for: "'\(text)'") { $0.count >= wanted.count && $0.contains(wanted) }
        return takeText()
    }

    package func readToEnd() throws -> String {
        try read(for: "the end of the connection") { _ in false }
        return takeText()
    }

    /// A `GET` and its whole answer, which has a length.
    package func get(_ path: String, host: String = "a.test") throws -> String {
        try send("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        try read(for: "the answer to \(path)") { Self.isWhole($0) }
        return takeText()
    }

    private static func isWhole(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return false }
        let length = text[..<end.lowerBound].split(separator: "\r\n").compactMap { line -> Int? in
            let parts = line.split(separator: ":", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "content-length"
                ? Int(parts[1].drop { $0 == " " }) : nil
        }
        return text[end.upperBound...].utf8.count >= length.first ?? 0
    }

    package func takeText() -> String {
        defer { received.removeAll() }
        return String(decoding: received, as: UTF8.self)
    }

    /// Says goodbye, and closes.
    package func goodbye() {
        SSL_shutdown(session)
        _ = push()
        close()
    }

    package func close() {
        guard socket >= 0 else { return }
        Glibc.close(socket)
        socket = -1
    }

    /// Asks for another handshake within the connection, as TLS 1.2 knows it; false: that was refused.
    package func renegotiate() throws -> Bool {
        guard SSL_renegotiate(session) == 1 else { throw ProgramError(Self.complaint) }
        return try shakeHands()
    }

    // MARK: What was agreed

    package var version: String { String(cString: SSL_get_version(session)) }
    package var isResumed: Bool { copenssl_session_reused(session) == 1 }
    package var localPort: UInt16 { (try? Socket.localAddress(socket).port) ?? 0 }

    /// The name of the server's certificate: `/O=Reload/CN=a.test`.
    package var peer: String {
        guard let certificate = copenssl_peer_certificate(session) else { return "" }
        defer { X509_free(certificate) }
        guard let line = X509_NAME_oneline(X509_get_subject_name(certificate), nil, 0) else { return "" }
        defer { copenssl_free_memory(line) }
        return String(cString: line)
    }

    /// The kind of its key: `EC` or `RSA`.
    package var peerKey: String {
        guard let certificate = copenssl_peer_certificate(session) else { return "" }
        defer { X509_free(certificate) }
        return EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)) == EVP_PKEY_RSA ? "RSA" : "EC"
    }

    package var applicationProtocol: String {
        var bytes: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(session, &bytes, &count)
        return bytes.map {
            String(decoding: UnsafeBufferPointer(start: $0, count: Int(count)), as: UTF8.self)
        } ?? ""
    }

    /// What a later connection resumes; with TLS 1.3 it comes behind the handshake, at the latest with an answer.
    package var ticket: TLSTicket? {
        guard let pointer = SSL_get1_session(session) else { return nil }
        let ticket = TLSTicket(owning: pointer)
        return SSL_SESSION_is_resumable(pointer) == 1 ? ticket : nil
    }
}
