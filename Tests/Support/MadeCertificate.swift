// Certificates for tests and figures, made by the `openssl` program.

import Unix

/// Files for `crt` and `tls-ticket-keys`.
package enum MadeCertificate {
    /// A kind of private key.
    package enum Key: String, CaseIterable, Sendable {
        case ecdsaP256 = "ECDSA P-256"
        case rsa2048 = "RSA 2048"

        var options: [String] {
            switch self {
            case .ecdsaP256: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            case .rsa2048: ["-newkey", "rsa:2048"]
            }
        }
    }

    /// Writes `NAME.pem`, a certificate of its own making for NAME with its key, and returns its path.
    package static func write(_ name: String, _ key: Key = .ecdsaP256, in folder: ScratchFolder) throws
        -> String
    {
        let (crt, pem) = (folder.file(name + ".crt"), folder.file(name + ".pem"))
        let made = try Program.run(
            try Program.system("openssl"),
            ["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=" + name]
                + key.options + ["-keyout", pem, "-out", crt])
        guard made.end == .exited(0) else { throw ProgramError("openssl: \(made.errors)") }
        try File.write(pem, try File.readText(pem) + File.readText(crt))
        return pem
    }

    /// Writes three ticket keys, and returns the file's path.
    package static func writeTicketKeys(in folder: ScratchFolder) throws -> String {
        let openssl = try Program.system("openssl")
        let keys = try (0..<3).map { _ in try Program.run(openssl, ["rand", "-base64", "48"]).line }
        return try folder.write("ticket.keys", keys.joined(separator: "\n") + "\n")
    }
}
