// Everything that a configuration's TLS names, read and checked before anything else is done: certificates, keys,
// authorities, ticket keys. A file that is wrong fails the load with its name and reason, and nothing has changed.

import ConfigLanguage
import TLS
import Unix

/// What a configuration's TLS is made of.
package final class TLSMaterial {
    /// Each `crt` file by its path, as it is used now; in the order of the configuration.
    package private(set) var identities: [(path: String, identity: Identity)] = []
    /// Each `tls-ticket-keys` file, in the order of the configuration.
    package private(set) var ticketKeys: [TicketKeys] = []
    private var binds: [Position: SecureBind] = [:]
    private var connectors: [Position: TLSConnector] = [:]
    let workspace: TLSWorkspace

    private init() throws(TLSFault) {
        workspace = try TLSWorkspace()
    }

    /// Nil where nothing speaks TLS, or where there are failures. `beforeKeys` is called before a key is read.
    package static func load(
        _ configuration: Configuration, beforeKeys: () -> Void
    ) -> (TLSMaterial?, failures: [Diagnostic]) {
        var failures: [Diagnostic] = []
        let proxies = configuration.proxies.filter { !$0.settings.disabled }
        let binds = proxies.flatMap { proxy in
            proxy.binds.filter { $0.options.usesTLS }.map { ($0, proxy.name) }
        }
        let servers = proxies.flatMap { proxy in
            proxy.servers.filter { $0.options.usesTLS || $0.options.checkUsesTLS == true }
                .map { ($0, proxy.name) }
        }
        if binds.isEmpty && servers.isEmpty { return (nil, []) }
        beforeKeys()
        func failed(_ position: Position, _ context: String, _ fault: TLSFault) {
            failures.append(
                Diagnostic(.alert, at: position, "parsing [\(position)] : \(context) : \(fault.reason)."))
        }
        do throws(TLSFault) {
            let material = try TLSMaterial()
            let lifetime = Int(configuration.global.tlsLifetime.nanoseconds / 1_000_000_000)
            for (bind, frontend) in binds {
                do throws(TLSFault) {
                    material.binds[bind.position] = try material.secure(bind.options.tls, lifetime)
                } catch {
                    failed(bind.position, "'bind' in section 'frontend \(frontend)'", error)
                }
            }
            for (server, backend) in servers {
                do throws(TLSFault) {
                    material.connectors[server.position] = try material.connector(
                        server.options.tls, lifetime)
                } catch {
                    failed(server.position, "'server \(backend)/\(server.name)'", error)
                }
            }
            if failures.isEmpty { return (material, []) }
        } catch {
            failures.append(Diagnostic(.alert, "TLS cannot be used: \(error.reason)"))
        }
        failures.append(Diagnostic(.alert, "Fatal errors found in configuration."))
        return (nil, failures)
    }

    func bind(at position: Position) -> SecureBind? { binds[position] }

    func connector(at position: Position) -> TLSConnector? { connectors[position] }

    // MARK: Reading

    private func secure(_ tls: BindTLS, _ lifetime: Int) throws(TLSFault) -> SecureBind {
        var paths: [String] = []
        for path in tls.certificates { paths += try Self.files(at: path) }
        guard !paths.isEmpty else { throw TLSFault("no SSL certificate specified (use 'crt')") }
        for path in paths where identity(at: path) == nil {
            identities.append((path, try Self.read(path)))
        }
        var terms = TLSAcceptor.Terms()
        terms.limits = ProtocolTerms(tls.settings, lifetime)
        terms.limits.prefersClientCiphers = tls.prefersClientCiphers
        terms.isStrict = tls.strictSNI
        terms.verification = Verification(tls)
        if terms.verification.asks {
            guard let file = tls.caFile else { throw TLSFault("verify is enabled but no CA file specified") }
            terms.trust = try TrustStore(authorities: file, revocations: tls.crlFile)
        }
        terms.scope = try Self.scope(of: tls)
        let tickets = if let path = tls.ticketKeyFile { try ticketKeys(in: path) } else { try TicketKeys() }
        return try SecureBind(paths, terms, tickets: tickets, in: self)
    }

    /// Who was verified in another way, or against other files, is not resumed here. Where nobody is, sessions are
    /// shared with HAProxy, which has one scope for all.
    private static func scope(of tls: BindTLS) throws(TLSFault) -> [UInt8] {
        if tls.verify == .none { return Array("haproxy".utf8) }
        var text = Array("\(tls.verify.rawValue) \(tls.ignoredCAErrors.text) \(tls.ignoredErrors.text)".utf8)
        for path in [tls.caFile, tls.crlFile] {
            if let path { text += Digest.sha256(try bytes(of: path, "certificates")) }
        }
        return Digest.sha256(text)
    }

    private func connector(_ tls: ServerTLS, _ lifetime: Int) throws(TLSFault) -> TLSConnector {
        var verification = Verification()
        verification.asks = tls.verify != .none
        verification.requires = verification.asks
        let isSystem = tls.caFile == "@system-ca"
        let trust =
            verification.asks
            ? try TrustStore(authorities: isSystem ? nil : tls.caFile, revocations: tls.crlFile) : nil
        let identity = if let path = tls.certificate { try Self.read(path) } else { nil as Identity? }
        return try TLSConnector(
            ProtocolTerms(tls.settings, lifetime), verification: verification, trust: trust,
            identity: identity,
            requiredHost: tls.verifyHost, reusesSessions: tls.reusesSessions)
    }

    /// The file itself, or those of a folder that may hold certificates.
    private static func files(at path: String) throws(TLSFault) -> [String] {
        switch FileKind(path) {
        case .missing:
            throw TLSFault("unable to stat SSL certificate from file '\(path)' : \(Errno.last.description)")
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

    /// Shows another certificate from now on, to those who connect: every `bind` that has the file, or none.
    package func replace(at path: String, with identity: Identity) throws(TLSFault) {
        guard let place = identities.firstIndex(where: { $0.path == path }) else { return }
        let old = identities[place].identity
        identities[place].identity = identity
        let concerned = binds.values.filter { $0.paths.contains(path) }
        do throws(TLSFault) {
            var made: [TLSAcceptor] = []
            for bind in concerned { made.append(try bind.acceptor(in: self)) }
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
