// The TLS of one `bind`: which certificate a client is shown, by the name that it asks for, and which tickets open.
//
// Each set of identities that a name can have is one context of OpenSSL, which chooses among keys of different kinds
// by what the client knows. Certificates that change make a new acceptor; who has connected keeps the old one.

import COpenSSL

/// What clients of a listener are offered.
package final class TLSAcceptor {
    /// All but the certificates and tickets.
    package struct Terms {
        package var limits = ProtocolTerms()
        package var verification = Verification()
        package var trust: TrustStore?
        /// A name that no certificate has is refused.
        package var isStrict = false
        /// Sessions are resumed only where this is the same: 32 bytes at most.
        package var scope: [UInt8] = []

        package init() {}
    }

    let terms: Terms
    package let tickets: TicketKeys
    /// What OpenSSL is told to choose from; it keeps pointers into it.
    let wireProtocols: UnsafeMutableBufferPointer<UInt8>
    private let contexts: [OpaquePointer]
    /// By whole name, and by what follows the `*` of a wildcard.
    private var byName: [String: Int] = [:]
    private var byDomain: [String: Int] = [:]

    /// The first of `identities` is shown to who asks for no name or for one that nobody has; without any, every
    /// handshake fails if the terms are strict.
    package init(_ identities: [Identity], _ terms: Terms, tickets: TicketKeys) throws(TLSFault) {
        self.terms = terms
        self.tickets = tickets
        var holders: [String: [Int]] = [:]
        for (place, identity) in identities.enumerated() {
            for name in identity.names {
                let kinds = (holders[name] ?? []).map { identities[$0].keyKind }
                if !kinds.contains(identity.keyKind) { holders[name, default: []].append(place) }
            }
        }
        var sets = [Array(identities.indices.prefix(1))]
        // The first identity's relatives under its first name are shown by default as well.
        if let name = identities.first?.names.first, let relatives = holders[name], relatives.first == 0 {
            sets[0] = relatives
        }
        var made: [OpaquePointer] = []
        var places = [sets[0]: 0]
        for (name, set) in holders {
            let place = places[set] ?? sets.count
            if place == sets.count {
                places[set] = place
                sets.append(set)
            }
            if name.hasPrefix("*.") {
                byDomain[String(name.dropFirst())] = place
            } else {
                byName[name] = place
            }
        }
        do throws(TLSFault) {
            for set in sets {
                let context = try Self.context(terms)
                made.append(context)
                for place in set { try identities[place].use(in: context) }
            }
        } catch {
            made.forEach(SSL_CTX_free)
            throw error
        }
        contexts = made
        let protocols = terms.limits.wireProtocols
        wireProtocols = .allocate(capacity: protocols.count)
        _ = wireProtocols.initialize(from: protocols)
    }

    deinit {
        contexts.forEach(SSL_CTX_free)
        wireProtocols.deallocate()
    }

    private static func context(_ terms: Terms) throws(TLSFault) -> OpaquePointer {
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw .ofOpenSSL("no memory") }
        do throws(TLSFault) {
            try terms.limits.apply(to: context)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        copenssl_set_dh_auto(context)
        // Sessions live in tickets: nothing is kept here for clients that may never come back.
        copenssl_set_session_cache(context, Int(SSL_SESS_CACHE_OFF))
        SSL_CTX_set_session_id_context(context, terms.scope, UInt32(terms.scope.count))
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { session, name, iv, cipher, mac, isSealing in
            guard let acceptor = TLSChannel.at(session)?.acceptor, let name, let iv, let cipher, let mac
            else { return -1 }
            return isSealing == 1
                ? acceptor.tickets.prepareSealing(name, iv, cipher, mac)
                : acceptor.tickets.prepareOpening(
                    name, iv, cipher, mac, isSingleUse: SSL_version(session) >= TLS1_3_VERSION)
        }
        copenssl_set_server_name_callback(context) { session, alert, _ in
            guard let session, let acceptor = TLSChannel.at(session)?.acceptor else {
                return SSL_TLSEXT_ERR_ALERT_FATAL
            }
            let name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
            guard let context = acceptor.context(for: name) else {
                alert?.pointee = SSL_AD_UNRECOGNIZED_NAME
                return SSL_TLSEXT_ERR_ALERT_FATAL
            }
            if SSL_get_SSL_CTX(session) != context { SSL_set_SSL_CTX(session, context) }
            return SSL_TLSEXT_ERR_OK
        }
        if !terms.limits.protocols.isEmpty {
            SSL_CTX_set_alpn_select_cb(
                context,
                { session, output, outputLength, offered, offeredLength, _ in
                    guard let ours = TLSChannel.at(session)?.acceptor?.wireProtocols else {
                        return SSL_TLSEXT_ERR_NOACK
                    }
                    var chosen: UnsafeMutablePointer<UInt8>?
                    let outcome = SSL_select_next_proto(
                        &chosen, outputLength, ours.baseAddress, UInt32(ours.count), offered, offeredLength)
                    guard outcome == OPENSSL_NPN_NEGOTIATED, let chosen else { return SSL_TLSEXT_ERR_NOACK }
                    output?.pointee = UnsafePointer(chosen)
                    return SSL_TLSEXT_ERR_OK
                }, nil)
        }
        if terms.verification.asks {
            SSL_CTX_set_verify(context, terms.verification.mode, TLSChannel.judge)
            terms.trust?.use(in: context, namesForClients: true)
        }
        return context
    }

    /// Nil: nobody is shown for this name.
    private func context(for name: String?) -> OpaquePointer? {
        if let name = name?.lowercased() {
            if let place = byName[name] { return contexts[place] }
            if let dot = name.firstIndex(of: "."), let place = byDomain[String(name[dot...])] {
                return contexts[place]
            }
        }
        return terms.isStrict ? nil : contexts[0]
    }

    /// For a client that has just connected; nil: no memory.
    package func channel(on descriptor: Int32, in workspace: TLSWorkspace) -> TLSChannel? {
        guard let session = SSL_new(contexts[0]) else { return nil }
        SSL_set_accept_state(session)
        return TLSChannel(session, descriptor, workspace, acceptor: self)
    }
}
