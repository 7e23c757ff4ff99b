// A private key as OpenSSL holds it. Nothing but OpenSSL ever reads it.

import COpenSSL

/// A private key.
package final class PrivateKey {
    let pointer: OpaquePointer

    private init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        EVP_PKEY_free(pointer)
    }

    /// Nobody is asked for a passphrase; what the last argument points at, if anything, learns that one was wanted.
    static let refuseToAsk:
        @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = {
            _, _, _, wasAsked in
            wasAsked?.assumingMemoryBound(to: Bool.self).pointee = true
            return -1
        }

    /// The first private key of a PEM text; nil: it has none.
    package static func first(inPEM bytes: [UInt8]) throws(TLSFault) -> PrivateKey? {
        guard let memory = copenssl_memory(bytes, Int32(clamping: bytes.count)) else {
            throw .ofOpenSSL("no memory")
        }
        defer { BIO_free(memory) }
        ERR_clear_error()
        var wasEncrypted = false
        if let key = PEM_read_bio_PrivateKey(memory, nil, refuseToAsk, &wasEncrypted) {
            return PrivateKey(owning: key)
        }
        // Of a text without a key OpenSSL says the same as of one with an unknown kind.
        let fault = TLSFault.ofOpenSSL("no private key")
        guard bytes.contains(Array("PRIVATE KEY-----".utf8)) else { return nil }
        throw wasEncrypted
            ? TLSFault("its private key is encrypted, and nobody is asked for a passphrase") : fault
    }
}
