// One `bind … ssl` at work. Its acceptor is made anew when a certificate is replaced at run time; its ticket keys stay.

import TLS

/// The TLS of a `bind` line.
package final class SecureBind {
    /// The files of its certificates, in the order of the line.
    let paths: [String]
    private let terms: TLSAcceptor.Terms
    private let tickets: TicketKeys
    var acceptor: TLSAcceptor

    init(
        _ paths: [String], _ terms: TLSAcceptor.Terms, tickets: TicketKeys, in material: TLSMaterial
    ) throws(TLSFault) {
        self.paths = paths
        self.terms = terms
        self.tickets = tickets
        acceptor = try TLSAcceptor(paths.compactMap { material.identity(at: $0) }, terms, tickets: tickets)
    }

    /// What it offers with the certificates as they are in `material`.
    func acceptor(in material: TLSMaterial) throws(TLSFault) -> TLSAcceptor {
        try TLSAcceptor(paths.compactMap { material.identity(at: $0) }, terms, tickets: tickets)
    }
}
