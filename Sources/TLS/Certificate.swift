// One certificate as OpenSSL holds it, and the certificates of a PEM text.

import COpenSSL

/// A certificate.
package final class Certificate {
    let pointer: OpaquePointer

    /// Takes over one reference.
    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        X509_free(pointer)
    }

    /// At least one: all certificates of a PEM text, in their order.
    static func all(inPEM bytes: [UInt8]) throws(TLSFault) -> [Certificate] {
        guard let memory = copenssl_memory(bytes, Int32(clamping: bytes.count)) else {
            throw .ofOpenSSL("no memory")
        }
        defer { BIO_free(memory) }
        ERR_clear_error()
        var certificates: [Certificate] = []
        while let pointer = PEM_read_bio_X509(memory, nil, PEMKey.refuseToAsk, nil) {
            certificates.append(Certificate(owning: pointer))
        }
        // The end of the text is told as "no start line"; what is no certificate otherwise.
        let fault = TLSFault.ofOpenSSL("no certificate")
        if certificates.isEmpty || fault.reason != "no start line" {
            throw certificates.isEmpty && fault.reason == "no start line"
                ? TLSFault("no certificate in it") : fault
        }
        return certificates
    }
}

/// Private keys in PEM texts.
enum PEMKey {
    /// A key that needs a passphrase is an error: nobody is asked.
    static let refuseToAsk:
        @convention(c) (
            UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, _, _, _ in -1 }

    /// The first private key of a text; nil: it has none. The caller owns it.
    static func first(inPEM bytes: [UInt8]) throws(TLSFault) -> OpaquePointer? {
        guard let memory = copenssl_memory(bytes, Int32(clamping: bytes.count)) else {
            throw .ofOpenSSL("no memory")
        }
        defer { BIO_free(memory) }
        ERR_clear_error()
        if let key = PEM_read_bio_PrivateKey(memory, nil, refuseToAsk, nil) { return key }
        let fault = TLSFault.ofOpenSSL("no private key")
        if fault.reason == "no start line" { return nil }
        throw fault.reason == "bad password read" || fault.reason == "problems getting password"
            ? TLSFault("its private key is encrypted, and nobody is asked for a passphrase") : fault
    }
}
