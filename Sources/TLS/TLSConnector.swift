// The TLS of one `server`: what is asked of it, and the session that the next connection resumes.

import COpenSSL
import Unix

/// How connections to a server speak TLS.
package final class TLSConnector {
    /// Freed with the last who has it.
    package final class Context {
        fileprivate let pointer: OpaquePointer

        fileprivate init() throws(TLSFault) {
            guard let context = SSL_CTX_new(TLS_client_method()) else { throw .ofOpenSSL("no memory") }
            pointer = context
        }

        deinit { SSL_CTX_free(pointer) }
    }

    private let limits: ProtocolTerms
    private let trust: TrustStore?
    private var context: Context
    let verification: Verification
    /// The name the certificate must have where none is asked for.
    private let requiredHost: String?
    private let reusesSessions: Bool
    /// The last session, and the name that was asked for then.
    private var session: OpaquePointer?
    private var sessionName: String?

    package init(
        _ limits: ProtocolTerms, verification: Verification, trust: TrustStore?, identity: Identity?,
        requiredHost: String?, reusesSessions: Bool
    ) throws(TLSFault) {
        self.limits = limits
        self.trust = trust
        self.verification = verification
        self.requiredHost = requiredHost
        self.reusesSessions = reusesSessions
        context = try Self.context(limits, verification, trust, identity, reusesSessions)
    }

    private static func context(
        _ limits: ProtocolTerms, _ verification: Verification, _ trust: TrustStore?, _ identity: Identity?,
        _ reusesSessions: Bool
    ) throws(TLSFault) -> Context {
        let made = try Context()
        let context = made.pointer
        try limits.apply(to: context)
        if !limits.protocols.isEmpty {
            let protocols = limits.wireProtocols
            SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count))
        }
        try identity?.use(in: context)
        if verification.asks {
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, TLSChannel.judge)
            trust?.use(in: context, namesForClients: false)
        }
        let mode = reusesSessions ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF
        copenssl_set_session_cache(context, Int(mode))
        SSL_CTX_sess_set_new_cb(context) { session, ticket in
            guard let channel = TLSChannel.at(session), let connector = channel.connector, let ticket else {
                return 0
            }
            connector.keep(ticket, name: channel.requestedName)
            return 1
        }
        return made
    }

    deinit {
        SSL_SESSION_free(session)
    }

    /// What it takes to show servers another identity.
    package func context(showing identity: Identity) throws(TLSFault) -> Context {
        try Self.context(limits, verification, trust, identity, reusesSessions)
    }

    /// Used from the next connection on, which resumes no session: its server knows who had that one.
    package func use(_ context: Context) {
        self.context = context
        keep(nil, name: nil)
    }

    private func keep(_ ticket: OpaquePointer?, name: String?) {
        SSL_SESSION_free(session)
        session = ticket
        sessionName = name
    }

    /// `name`: asked for, and required of the certificate; nil: the required host is. The result is nil without memory.
    package func channel(on descriptor: Int32, name: String?, in workspace: TLSWorkspace) -> TLSChannel? {
        guard let fresh = SSL_new(context.pointer) else { return nil }
        SSL_set_connect_state(fresh)
        if let name { copenssl_set_host_name(fresh, name) }
        if verification.asks, let host = name ?? requiredHost, SSL_set1_host(fresh, host) != 1 {
            SSL_free(fresh)
            return nil
        }
        // OpenSSL lets a session of TLS 1.3 be resumed once, and servers do not always give another.
        if reusesSessions, let session, sessionName == name, let copy = SSL_SESSION_dup(session) {
            SSL_set_session(fresh, copy)
            SSL_SESSION_free(copy)
        }
        return TLSChannel(fresh, descriptor, workspace, connector: self, requestedName: name)
    }
}
