// What a worker has for TLS beside the files that it is from: certificates, and keys of session tickets.

import ReloadModel

/// What the doctor knows of TLS.
package struct TLSFacts: Equatable, Sendable {
    /// Those that run and those that the next load reads.
    package var certificates: [CertificateFact]
    /// Files whose change was begun by command and is not committed.
    package var transactions: [String]
    package var ticketFiles: [TicketFileFact]

    package init(
        certificates: [CertificateFact] = [], transactions: [String] = [], ticketFiles: [TicketFileFact] = []
    ) {
        self.certificates = certificates
        self.transactions = transactions
        self.ticketFiles = ticketFiles
    }
}

/// One certificate file.
package struct CertificateFact: Equatable, Sendable {
    /// The certificate that clients are shown.
    package struct Leaf: Equatable, Sendable {
        /// Hexadecimal.
        package var serial: String
        package var sha1Fingerprint: String
        /// Seconds since 1970 UTC.
        package var notBefore: Int64
        package var notAfter: Int64

        package init(serial: String, sha1Fingerprint: String, notBefore: Int64, notAfter: Int64) {
            self.serial = serial
            self.sha1Fingerprint = sha1Fingerprint
            self.notBefore = notBefore
            self.notAfter = notAfter
        }
    }

    package enum Disk: Equatable, Sendable {
        /// `changedAt`: microseconds since 1970 UTC.
        case leaf(Leaf, changedAt: Int64)
        case missing
        /// Why it is none.
        case noCertificate(String)
    }

    /// As the proxy names it.
    package var file: String
    /// In the worker's memory; nil: it is not loaded.
    package var running: Leaf?
    /// A bind or a server uses it.
    package var isUsed: Bool
    package var disk: Known<Disk>

    package init(file: String, running: Leaf?, isUsed: Bool, disk: Known<Disk>) {
        self.file = file
        self.running = running
        self.isUsed = isUsed
        self.disk = disk
    }
}

/// One file of ticket keys, by fingerprints.
package struct TicketFileFact: Equatable, Sendable {
    package enum Disk: Equatable, Sendable {
        /// Oldest first, those that a load would take; `mode`: the permission bits.
        case keys([String], mode: UInt32)
        case missing
        /// Why it has none.
        case noKeys(String)
    }

    package var file: String
    /// Oldest first.
    package var running: [String]
    package var disk: Known<Disk>

    package init(file: String, running: [String], disk: Known<Disk>) {
        self.file = file
        self.running = running
        self.disk = disk
    }
}
