// Everything that a configuration's TLS names, read and checked before anything else is done: certificates, keys,
// authorities, ticket keys. A file that is wrong fails the load with its name and reason, and nothing has changed. What
// a `bind` without `ssl` names is read as well, as HAProxy does.

import ConfigLanguage
import TLS
import Unix

/// What a configuration's TLS is made of.
package final class TLSMaterial {
    /// Each `crt` file by its path, of binds and servers, as it is used now; in the order of the configuration.
    package private(set) var identities: [(path: String, identity: Identity)] = []
    /// Each `tls-ticket-keys` file, in the order of the configuration.
    package private(set) var ticketKeys: [TicketKeys] = []
    private var binds: [Position: SecureBind] = [:]
    private var connectors: [Position: (connector: TLSConnector, certificate: String?)] = [:]
    /// What is not as written on the line that is being read.
    private var warnings: [String] = []
    let workspace: TLSWorkspace

    private init() throws(TLSFault) {
        workspace = try TLSWorkspace()
    }

    /// Nil where nothing speaks TLS, or where one of the remarks is an alert. `beforeKeys` is called before a key is
    /// read.
    package static func load(
        _ configuration: Configuration, beforeKeys: () -> Void
    ) -> (TLSMaterial?, remarks: [Diagnostic]) {
        var remarks: [Diagnostic] = []
        let proxies = configuration.proxies.filter { !$0.settings.disabled }
        let binds = proxies.flatMap { proxy in
            proxy.binds.filter { $0.options.usesTLS || $0.options.tls.namesFiles }.map { ($0, proxy.name) }
        }
        let servers = proxies.flatMap { proxy in
            proxy.servers.filter { $0.options.speaksTLS || $0.options.tls.namesAuthorities }
                .map { ($0, proxy.name) }
        }
        if binds.isEmpty && servers.isEmpty { return (nil, []) }
        beforeKeys()
        do throws(TLSFault) {
            let material = try TLSMaterial()
            func read(
                _ position: Position, _ context: String, _ what: () throws(TLSFault) -> Void
            ) {
                func say(_ severity: Diagnostic.Severity, _ text: String) {
                    remarks.append(
                        Diagnostic(severity, at: position, "parsing [\(position)] : \(context) : \(text)."))
                }
                do throws(TLSFault) {
                    try what()
                } catch {
                    say(.alert, error.reason)
                }
                material.warnings.forEach { say(.warning, $0) }
                material.warnings = []
            }
            let lifetime = Int(configuration.global.tlsLifetime.nanoseconds / 1_000_000_000)
            for (bind, frontend) in binds {
                read(bind.position, "'bind' in section 'frontend \(frontend)'") { () throws(TLSFault) in
                    material.binds[bind.position] = try material.secure(bind.options, lifetime)
                }
            }
            for (server, backend) in servers {
                read(server.position, "'server \(backend)/\(server.name)'") { () throws(TLSFault) in
                    try material.connect(server, lifetime)
                }
            }
            if !remarks.hasAlert { return (material, remarks) }
        } catch {
            remarks.append(Diagnostic(.alert, "TLS cannot be used: \(error.reason)"))
        }
        remarks.append(Diagnostic(.alert, "Fatal errors found in configuration."))
        return (nil, remarks)
    }

    func bind(at position: Position) -> SecureBind? { binds[position] }

    func connector(at position: Position) -> TLSConnector? { connectors[position]?.connector }

    // MARK: Reading

    /// Nil: it does not speak TLS.
    private func secure(_ options: BindOptions, _ lifetime: Int) throws(TLSFault) -> SecureBind? {
        let tls = options.tls
        var paths: [String] = []
        for path in tls.certificates { paths += try Self.files(at: path) }
        for path in paths where identity(at: path) == nil {
            try keep(path)
            warnOfUnused(beside: path)
        }
        var terms = TLSAcceptor.Terms()
        terms.limits = ProtocolTerms(tls.settings, lifetime)
        terms.limits.prefersClientCiphers = tls.prefersClientCiphers
        terms.isStrict = tls.strictSNI
        terms.verification = Verification(tls)
        terms.trust = try trust(tls.caFile, tls.crlFile)
        terms.scope = try Self.scope(of: tls, terms.trust)
        let tickets = if let path = tls.ticketKeyFile { try ticketKeys(in: path) } else { try TicketKeys() }
        guard options.usesTLS else { return nil }
        if paths.isEmpty && !tls.certificates.isEmpty {
            guard tls.strictSNI else { throw TLSFault("no SSL certificate specified (use 'crt')") }
            warnings.append("no SSL certificate specified, ssl connections will fail (use 'crt')")
        }
        return try SecureBind(paths, terms, tickets: tickets, in: self)
    }

    /// Who was verified in another way, or against other files, is not resumed here. Where nobody is, sessions are
    /// shared with HAProxy, which has one scope for all.
    private static func scope(of tls: BindTLS, _ trust: TrustStore?) throws(TLSFault) -> [UInt8] {
        if tls.verify == .none { return Array("haproxy".utf8) }
        var text = Array("\(tls.verify.rawValue) \(tls.ignoredCAErrors.text) \(tls.ignoredErrors.text)".utf8)
        if let trust { text += trust.digest }
        if let path = tls.crlFile { text += Digest.sha256(try bytes(of: path, "CRL")) }
        return Digest.sha256(text)
    }

    private func connect(_ server: ServerLine, _ lifetime: Int) throws(TLSFault) {
        let tls = server.options.tls
        var verification = Verification()
        verification.asks = tls.verify != .none
        verification.requires = verification.asks
        let trust = try trust(tls.caFile, tls.crlFile)
        guard server.options.speaksTLS else { return }
        if let path = tls.certificate, identity(at: path) == nil { try keep(path) }
        let connector = try TLSConnector(
            ProtocolTerms(tls.settings, lifetime), verification: verification, trust: trust,
            identity: tls.certificate.flatMap { identity(at: $0) }, requiredHost: tls.verifyHost,
            reusesSessions: tls.reusesSessions)
        connectors[server.position] = (connector, tls.certificate)
    }

    /// Nil: no authorities are named.
    private func trust(_ authorities: String?, _ revocations: String?) throws(TLSFault) -> TrustStore? {
        guard let authorities else {
            if let revocations { _ = try Self.bytes(of: revocations, "CRL") }
            return nil
        }
        let source: TrustStore.Source =
            if authorities == "@system-ca" {
                .system
            } else if FileKind(authorities) == .directory {
                .folder(authorities)
            } else {
                .file(authorities)
            }
        let store = try TrustStore(source, revocations: revocations)
        warnings += store.warnings
        return store
    }

    private func keep(_ path: String) throws(TLSFault) {
        identities.append((path, try Self.read(path)))
    }

    private func warnOfUnused(beside path: String) {
        let unused = [".ocsp", ".sctl"].map { path + $0 }.filter { FileKind($0) == .other }
        guard !unused.isEmpty else { return }
        let names = unused.map { "'\($0)'" }.joined(separator: " and ")
        warnings.append(
            "\(names) \(unused.count == 1 ? "has" : "have") no effect: nothing is stapled to a certificate")
    }

    /// The file itself, those of a folder that may hold certificates, or those of a bundle: `x.pem` stands for
    /// `x.pem.rsa` and its like where there is no `x.pem`.
    private static func files(at path: String) throws(TLSFault) -> [String] {
        switch FileKind(path) {
        case .missing:
            let fault = TLSFault(
                "unable to stat SSL certificate from file '\(path)' : \(Errno.last.description)")
            let bundle = [".rsa", ".ecdsa", ".dsa"].map { path + $0 }.filter { FileKind($0) == .other }
            if bundle.isEmpty { throw fault }
            return bundle
        case .other: return [path]
        case .directory: break
        }
        do throws(Errno) {
            return try File.names(in: path).filter { name in
                !name.hasPrefix(".") && FileKind("\(path)/\(name)") == .other
                    && ![".key", ".ocsp", ".sctl", ".issuer", ".dh"].contains { name.hasSuffix($0) }
            }.map { "\(path)/\($0)" }
        } catch {
            throw TLSFault("unable to read the folder '\(path)' : \(error.description)")
        }
    }

    /// A file with certificate, chain and key; the key may be in a file of its own beside it, `.key`.
    private static func read(_ path: String) throws(TLSFault) -> Identity {
        let text = try bytes(of: path, "SSL certificate")
        do throws(TLSFault) {
            return try Identity(text: text) { () throws(TLSFault) in
                let keyPath = path + ".key"
                guard FileKind(keyPath) == .other else {
                    throw TLSFault("No Private Key found in it, nor in '\(keyPath)'")
                }
                return try PrivateKey.first(inPEM: bytes(of: keyPath, "private key"))
            }
        } catch {
            throw TLSFault("unable to load certificate from file '\(path)' : \(error.reason)")
        }
    }

    private static func bytes(of path: String, _ kind: String) throws(TLSFault) -> [UInt8] {
        do throws(Errno) {
            return try File.read(path)
        } catch {
            throw TLSFault("unable to read \(kind) from file '\(path)' : \(error.description)")
        }
    }

    private func ticketKeys(in path: String) throws(TLSFault) -> TicketKeys {
        if let known = ticketKeys.first(where: { $0.file == path }) { return known }
        do throws(TLSFault) {
            let keys = try TicketKeys(text: Self.bytes(of: path, "ticket keys"), file: path)
            ticketKeys.append(keys)
            return keys
        } catch {
            throw TLSFault("'\(path)' : \(error.reason)")
        }
    }

    // MARK: At run time

    /// What `set ssl cert` has prepared and `commit ssl cert` has not yet put in use.
    package var prepared: (path: String, identity: Identity)?

    /// What is shown from the file at this path now.
    package func identity(at path: String) -> Identity? {
        identities.first { $0.path == path }?.identity
    }

    /// Shows another certificate from now on, to those who connect: every `bind` and `server` that has the file, or
    /// none.
    package func replace(at path: String, with identity: Identity) throws(TLSFault) {
        guard let place = identities.firstIndex(where: { $0.path == path }) else { return }
        let old = identities[place].identity
        identities[place].identity = identity
        let concerned = binds.values.filter { $0.paths.contains(path) }
        do throws(TLSFault) {
            var made: [TLSAcceptor] = []
            for bind in concerned { made.append(try bind.acceptor(in: self)) }
            let servers = connectors.values.filter { $0.certificate == path }.map(\.connector)
            var contexts: [TLSConnector.Context] = []
            for server in servers { contexts.append(try server.context(showing: identity)) }
            for (server, context) in zip(servers, contexts) { server.use(context) }
            for (bind, acceptor) in zip(concerned, made) { bind.acceptor = acceptor }
        } catch {
            identities[place].identity = old
            throw error
        }
    }
}

extension IgnoredErrors {
    /// The same text for the same errors.
    fileprivate var text: String {
        switch self {
        case .all: "all"
        case .some(let numbers): numbers.sorted().map(String.init).joined(separator: ",")
        }
    }
}

extension ProtocolTerms {
    fileprivate init(_ settings: TLSProtocolSettings, _ lifetime: Int) {
        self.init()
        minimum = ProtocolVersion(settings.minimum)
        maximum = settings.maximum.map(ProtocolVersion.init)
        ciphers = settings.ciphers
        ciphersuites = settings.ciphersuites
        curves = settings.curves
        protocols = settings.alpn
        usesTickets = settings.usesTickets
        self.lifetime = lifetime
    }
}

extension ProtocolVersion {
    fileprivate init(_ version: TLSVersion) {
        switch version {
        case .v10: self = .v10
        case .v11: self = .v11
        case .v12: self = .v12
        case .v13: self = .v13
        }
    }
}

extension Verification {
    fileprivate init(_ tls: BindTLS) {
        self.init()
        asks = tls.verify != .none
        requires = tls.verify == .required
        let authorities = tls.ignoredCAErrors
        let own = tls.ignoredErrors
        ignoresCAError = { authorities.contains($0) }
        ignoresError = { own.contains($0) }
    }
}
