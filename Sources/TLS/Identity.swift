// What one side shows the other: a certificate, the chain above it and the private key, as HAProxy reads them from one
// PEM file (or from two: `x.pem` and `x.pem.key`). All of it is checked before it is used.

import COpenSSL

/// A certificate with its chain and private key.
package final class Identity {
    /// First its own, then the chain.
    package let certificates: [Certificate]
    package let key: PrivateKey

    package var leaf: Certificate { certificates[0] }

    /// `otherKey`: the key, if `text` has none.
    package init(text: [UInt8], otherKey: () throws(TLSFault) -> PrivateKey?) throws(TLSFault) {
        certificates = try Certificate.all(inPEM: text)
        var key = try PrivateKey.first(inPEM: text)
        if key == nil { key = try otherKey() }
        guard let key else {
            throw TLSFault("no private key in it")
        }
        self.key = key
        guard X509_check_private_key(certificates[0].pointer, key.pointer) == 1 else {
            _ = TLSFault.ofOpenSSL("")
            throw TLSFault("inconsistencies between private key and certificate")
        }
    }

    /// The kind of its key, by OpenSSL's number: clients may know only some.
    var keyKind: Int32 { EVP_PKEY_get_base_id(key.pointer) }

    /// The names that it answers to, in lower case.
    package var names: [String] {
        let facts = leaf.facts
        return (facts.alternativeNames + [facts.commonName].compactMap { $0 }).map { $0.lowercased() }
    }

    func use(in context: OpaquePointer) throws(TLSFault) {
        ERR_clear_error()
        guard SSL_CTX_use_certificate(context, leaf.pointer) == 1 else {
            throw .ofOpenSSL("the certificate cannot be used")
        }
        guard SSL_CTX_use_PrivateKey(context, key.pointer) == 1 else {
            throw .ofOpenSSL("the private key cannot be used")
        }
        for certificate in certificates.dropFirst() {
            guard copenssl_add_chain(context, certificate.pointer) == 1 else {
                throw .ofOpenSSL("the chain cannot be used")
            }
        }
    }
}
