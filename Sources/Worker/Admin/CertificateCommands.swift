// `show ssl cert`, and changing a certificate while it is in use: `set` prepares, `commit` shows it to whoever connects
// from then on, `abort` forgets it. The file is not touched: the next reload shows what is in it.

import AdminSocket
import Proxying
import RuntimeAPI
import TLS

struct CertificateCommands {
    /// Nil: nothing speaks TLS.
    let tls: TLSMaterial?

    var table: [AdminCommand] {
        [
            AdminCommand("show ssl cert [<certfile>]", help: "tell the certificates, or what is in one") {
                show($0.arguments)
            },
            AdminCommand(
                "set ssl cert <certfile> <payload>", help: "prepare another certificate", level: .admin
            ) { set($0) },
            AdminCommand(
                "commit ssl cert <certfile>", help: "show the prepared certificate to who connects",
                level: .admin
            ) { commit($0.arguments) },
            AdminCommand(
                "abort ssl cert <certfile>", help: "forget the prepared certificate", level: .admin
            ) { abort($0.arguments) },
        ]
    }

    private func show(_ words: ArraySlice<String>) -> AdminReply {
        guard let name = words.first else {
            let list = CertificateList(
                transactions: [tls?.prepared?.path].compactMap { $0 },
                files: tls?.identities.map(\.path) ?? [])
            return .text(list.text)
        }
        let isPrepared = name.hasPrefix("*") && name.dropFirst() == tls?.prepared?.path ?? ""
        guard let identity = isPrepared ? tls?.prepared?.identity : tls?.identity(at: name) else {
            return .text("Can't display the certificate: Not found or the certificate is a bundle!\n")
        }
        let report = CertificateReport(
            file: name, status: isPrepared ? .unused : .used,
            leaf: CertificateReport.Leaf(identity.leaf.facts),
            chain: identity.certificates.dropFirst().map {
                CertificateReport.Link(subject: $0.name(ofIssuer: false), issuer: $0.name(ofIssuer: true))
            })
        return .text(report.text)
    }

    private func set(_ request: AdminRequest) -> AdminReply {
        guard let name = request.arguments.first, let payload = request.payload else {
            return .text("'set ssl cert expects a filename and a certificate as a payload\n")
        }
        guard let tls, let current = tls.identity(at: name) else {
            return .text(
                "Can't replace a certificate which is not referenced by the configuration!\nCan't update \(name)!\n"
            )
        }
        if let other = tls.prepared?.path, other != name {
            return .text(
                "The ongoing transaction is about '\(other)' but you are trying to set '\(name)'\n"
                    + "Can't update \(name)!\n")
        }
        do throws(TLSFault) {
            let before = tls.prepared
            tls.prepared = (
                name,
                try Identity(text: Array(payload.utf8)) { () throws(TLSFault) in
                    before?.identity.key ?? current.key
                }
            )
            let what = before == nil ? "created" : "updated"
            return .text("Transaction \(what) for certificate \(name)!\n")
        } catch {
            return .text(
                "unable to load certificate from file '\(name)': \(error.reason).\nCan't load the payload\n"
                    + "Can't update \(name)!\n")
        }
    }

    private func commit(_ words: ArraySlice<String>) -> AdminReply {
        guard let name = words.first else { return .text("'commit ssl cert expects a filename\n") }
        guard let tls, let prepared = tls.prepared else {
            return .text("No ongoing transaction! !\nCan't commit \(name)!\n")
        }
        guard prepared.path == name else {
            return .text(
                "The ongoing transaction is about '\(prepared.path)' but you are trying to set '\(name)'\n"
                    + "Can't commit \(name)!\n")
        }
        do throws(TLSFault) {
            try tls.replace(at: name, with: prepared.identity)
            tls.prepared = nil
            return .text("Committing \(name).\nSuccess!\n")
        } catch {
            return .text("Committing \(name)\n\(error.reason)\nFailed!\n")
        }
    }

    private func abort(_ words: ArraySlice<String>) -> AdminReply {
        guard let name = words.first else { return .text("'abort ssl cert' expects a filename\n") }
        guard let tls, let prepared = tls.prepared else { return .text("No ongoing transaction!\n") }
        guard prepared.path == name else {
            return .text(
                "The ongoing transaction is about '\(prepared.path)' but you are trying to abort a transaction for "
                    + "'\(name)'\n")
        }
        tls.prepared = nil
        return .text("Transaction aborted for certificate '\(name)'!\n")
    }
}

extension CertificateReport.Leaf {
    init(_ facts: CertificateFacts) {
        self.init(
            serial: facts.serial, notBefore: facts.notBefore, notAfter: facts.notAfter,
            alternativeNames: facts.alternativeNames.map { "DNS:\($0)" }, algorithm: facts.algorithm,
            sha1Fingerprint: facts.sha1Fingerprint, subject: facts.subject, issuer: facts.issuer)
    }
}
