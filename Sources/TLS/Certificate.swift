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
        while let pointer = PEM_read_bio_X509(memory, nil, PrivateKey.refuseToAsk, nil) {
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
