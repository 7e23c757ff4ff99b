// The authorities that `ca-file` names, and the revocation lists of `crl-file`. All is read when it is made: later
// nobody may, with `chroot` or as another user.

import COpenSSL
import Unix

/// Whose certificates the other side's must come from.
package final class TrustStore {
    /// Where authorities are found.
    package enum Source: Sendable {
        /// Those that the system trusts.
        case system
        case file(String)
        /// The first certificate of each file whose name ends as those of certificates do.
        case folder(String)
    }

    let pointer: OpaquePointer
    /// The authorities; without what `revocations` may have besides lists.
    private var authorities: [Certificate] = []
    /// Files of a folder that were left out, and why, a sentence each.
    package private(set) var warnings: [String] = []

    /// `revocations`: a file of revocation lists.
    package init(_ source: Source, revocations: String?) throws(TLSFault) {
        ERR_clear_error()
        guard let store = X509_STORE_new() else { throw .ofOpenSSL("no memory") }
        pointer = store
        switch source {
        case .system: try Self.addSystem(to: store)
        case .file(let path): try Self.add(path, "CA", to: store)
        case .folder(let path): try addFolder(path)
        }
        authorities = try Certificate.all(in: store)
        if case .folder(let path) = source, authorities.isEmpty {
            warnings.append("ca-file: 0 CA were loaded from '\(path)'")
        }
        guard let revocations else { return }
        try Self.add(revocations, "CRL", to: store)
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL))
    }

    deinit {
        X509_STORE_free(pointer)
    }

    /// The same for the same authorities.
    package var digest: [UInt8] { Digest.sha256(authorities.flatMap(\.sha1)) }

    private static func add(_ path: String, _ kind: String, to store: OpaquePointer) throws(TLSFault) {
        ERR_clear_error()
        guard X509_STORE_load_file(store, path) == 1 else {
            throw TLSFault("unable to load \(kind) file '\(path)': \(TLSFault.ofOpenSSL("refused").reason)")
        }
    }

    private func addFolder(_ path: String) throws(TLSFault) {
        let names: [String]
        do throws(Errno) {
            names = try File.names(in: path)
        } catch {
            throw TLSFault("unable to read the CA folder '\(path)': \(error.description)")
        }
        for name in names where [".pem", ".crt", ".cer", ".crl"].contains(where: name.hasSuffix) {
            do throws(TLSFault) {
                let certificate = try Certificate.first(inFile: "\(path)/\(name)")
                guard X509_STORE_add_cert(pointer, certificate.pointer) == 1 else {
                    throw .ofOpenSSL("refused")
                }
            } catch {
                warnings.append("ca-file: '\(path)' couldn't load '\(path)/\(name)' (\(error.reason))")
            }
        }
    }

    private static func addSystem(to store: OpaquePointer) throws(TLSFault) {
        var count = 0
        let bundle = String(cString: X509_get_default_cert_file())
        if X509_STORE_load_file(store, bundle) == 1 { count += 1 }
        let folder = String(cString: X509_get_default_cert_dir())
        // Links by the hash of a name: each certificate once.
        for name in (try? File.names(in: folder)) ?? [] where name.utf8.count == 10 && name.hasSuffix(".0") {
            if X509_STORE_load_file(store, "\(folder)/\(name)") == 1 { count += 1 }
        }
        ERR_clear_error()
        guard count > 0 else {
            throw TLSFault("no CA certificate of the system in '\(bundle)' or '\(folder)'")
        }
    }

    /// `namesForClients`: clients are told the authorities' names, each once.
    func use(in context: OpaquePointer, namesForClients: Bool) {
        X509_STORE_up_ref(pointer)
        SSL_CTX_set_cert_store(context, pointer)
        guard namesForClients else { return }
        var told: Set<UInt> = []
        for authority in authorities where told.insert(X509_subject_name_hash(authority.pointer)).inserted {
            SSL_CTX_add_client_CA(context, authority.pointer)
        }
    }
}
