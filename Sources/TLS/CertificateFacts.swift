// What a certificate says about itself, as admin sockets, logs and the doctor tell it.

import COpenSSL
import Glibc

/// The facts of one certificate.
package struct CertificateFacts: Equatable, Sendable {
    /// `/C=FR/CN=example.com`.
    package var subject: String
    package var issuer: String
    /// Upper case hexadecimal digits.
    package var serial: String
    /// Seconds since 1970, and as OpenSSL writes them: `Nov 23 05:20:36 2026 GMT`.
    package var notBefore: Int64
    package var notAfter: Int64
    package var notBeforeText: String
    package var notAfterText: String
    /// Upper case hexadecimal digits.
    package var sha1Fingerprint: String
    /// The DNS names of the subject's alternative names.
    package var alternativeNames: [String]
    /// The last `CN` of the subject.
    package var commonName: String?
    /// `RSA2048`, `EC256`.
    package var algorithm: String

    /// Of the first certificate in a PEM text.
    package static func leaf(inPEM bytes: [UInt8]) throws(TLSFault) -> CertificateFacts {
        try Certificate.all(inPEM: bytes)[0].facts
    }
}

extension Certificate {
    /// Everything that is told of it.
    package var facts: CertificateFacts {
        CertificateFacts(
            subject: Self.line(X509_get_subject_name(pointer)),
            issuer: Self.line(X509_get_issuer_name(pointer)),
            serial: serial.hexadecimal(uppercase: true),
            notBefore: Self.seconds(X509_get0_notBefore(pointer)),
            notAfter: Self.seconds(X509_get0_notAfter(pointer)),
            notBeforeText: Self.text(X509_get0_notBefore(pointer)),
            notAfterText: Self.text(X509_get0_notAfter(pointer)),
            sha1Fingerprint: sha1.hexadecimal(uppercase: true), alternativeNames: alternativeNames,
            commonName: part("CN", ofIssuer: false, occurrence: -1), algorithm: algorithm)
    }

    /// The whole certificate, as DER.
    package var encoding: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(max(0, i2d_X509(pointer, nil))))
        bytes.withUnsafeMutableBufferPointer { room in
            // OpenSSL leaves the place behind what it has written here.
            var end = room.baseAddress
            i2d_X509(pointer, &end)
        }
        return bytes
    }

    /// The serial number's bytes.
    package var serial: [UInt8] { Self.bytes(of: X509_get0_serialNumber(pointer)) }

    /// The digest of the whole certificate, 20 bytes.
    package var sha1: [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        X509_digest(pointer, EVP_sha1(), &digest, nil)
        return digest
    }

    /// The X.509 version, 1 to 3.
    package var version: Int { X509_get_version(pointer) + 1 }

    /// The times as they stand in the certificate: `261123052036Z`.
    package var notBeforeField: String { Self.string(X509_get0_notBefore(pointer)) }
    package var notAfterField: String { Self.string(X509_get0_notAfter(pointer)) }

    /// `rsaEncryption`, `id-ecPublicKey`.
    package var keyAlgorithm: String {
        var object: OpaquePointer?
        X509_PUBKEY_get0_param(&object, nil, nil, nil, X509_get_X509_PUBKEY(pointer))
        return Self.shortName(object)
    }

    /// `RSA-SHA256`, `ecdsa-with-SHA256`.
    package var signatureAlgorithm: String {
        var algorithm: UnsafePointer<X509_ALGOR>?
        X509_get0_signature(nil, &algorithm, pointer)
        var object: OpaquePointer?
        X509_ALGOR_get0(&object, nil, nil, algorithm)
        return Self.shortName(object)
    }

    /// The whole name of the subject or issuer: `/C=FR/CN=example.com`.
    package func name(ofIssuer: Bool) -> String {
        Self.line(ofIssuer ? X509_get_issuer_name(pointer) : X509_get_subject_name(pointer))
    }

    /// One part of it, by its short name; `occurrence` 1 is the first of that name, -1 the last.
    package func part(_ name: String, ofIssuer: Bool, occurrence: Int) -> String? {
        let whole = ofIssuer ? X509_get_issuer_name(pointer) : X509_get_subject_name(pointer)
        var found: [String] = []
        for index in 0..<X509_NAME_entry_count(whole) {
            let entry = X509_NAME_get_entry(whole, index)
            guard Self.shortName(X509_NAME_ENTRY_get_object(entry)).lowercased() == name.lowercased() else {
                continue
            }
            found.append(Self.string(X509_NAME_ENTRY_get_data(entry)))
        }
        let place = occurrence > 0 ? occurrence - 1 : found.count + occurrence
        return found.indices.contains(place) ? found[place] : nil
    }

    /// The DNS names among the alternative names.
    var alternativeNames: [String] {
        guard let names = X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil) else { return [] }
        let list = OpaquePointer(names)
        defer { copenssl_free_general_names(list) }
        return (0..<copenssl_general_name_count(list)).compactMap { index in
            copenssl_dns_name(copenssl_general_name_at(list, index)).map { Self.string($0) }
        }
    }

    private var algorithm: String {
        guard let key = X509_get0_pubkey(pointer) else { return "unknown" }
        let kind =
            switch EVP_PKEY_get_base_id(key) {
            case EVP_PKEY_RSA: "RSA"
            case EVP_PKEY_EC: "EC"
            case EVP_PKEY_DSA: "DSA"
            default: String(cString: OBJ_nid2sn(EVP_PKEY_get_base_id(key)))
            }
        return "\(kind)\(EVP_PKEY_get_bits(key))"
    }

    private static func line(_ name: OpaquePointer?) -> String {
        guard let line = X509_NAME_oneline(name, nil, 0) else { return "" }
        defer { copenssl_free_memory(line) }
        return String(cString: line)
    }

    private static func shortName(_ object: OpaquePointer?) -> String {
        OBJ_nid2sn(OBJ_obj2nid(object)).map { String(cString: $0) } ?? ""
    }

    private static func bytes(of string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
        guard let data = ASN1_STRING_get0_data(string) else { return [] }
        return Array(UnsafeBufferPointer(start: data, count: Int(ASN1_STRING_length(string))))
    }

    private static func string(_ string: UnsafePointer<ASN1_STRING>?) -> String {
        String(decoding: bytes(of: string), as: UTF8.self)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
        return Int64(timegm(&parts))
    }

    private static func text(_ time: UnsafePointer<ASN1_TIME>?) -> String {
        guard let memory = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(memory) }
        guard ASN1_TIME_print(memory, time) == 1 else { return "" }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = copenssl_memory_bytes(memory, &bytes)
        return String(
            decoding: UnsafeRawBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }
}
