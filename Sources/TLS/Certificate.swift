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

    /// The first certificate of a PEM file.
    static func first(inFile path: String) throws(TLSFault) -> Certificate {
        ERR_clear_error()
        guard let file = BIO_new_file(path, "r") else { throw .ofOpenSSL("refused") }
        defer { BIO_free(file) }
        guard let pointer = PEM_read_bio_X509_AUX(file, nil, PrivateKey.refuseToAsk, nil) else {
            throw .ofOpenSSL("no certificate")
        }
        return Certificate(owning: pointer)
    }

    /// All certificates of a store.
    static func all(in store: OpaquePointer) throws(TLSFault) -> [Certificate] {
        guard let list = X509_STORE_get1_all_certs(store) else { throw .ofOpenSSL("no memory") }
        defer { copenssl_free_certificates(list) }
        return (0..<copenssl_certificate_count(list)).compactMap { index in
            guard let pointer = copenssl_certificate_at(list, index), X509_up_ref(pointer) == 1 else {
                return nil
            }
            return Certificate(owning: pointer)
        }
    }
}
