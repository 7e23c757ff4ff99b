// Certificates, keys and ticket keys for tests, made by the `openssl` program: two authorities, and what each of them
// signed. Made once for all tests of a process, since a dozen programs have to run.

import Demo
import Glibc
import Unix

/// PEM files and ticket key files in a folder that goes with the value.
///
/// With the key in the file, signed by `ca.pem`: `a.pem` (`a.test`, `www.a.test`), `b.pem` (`b.test`), `wild.pem`
/// (`*.w.test`), `rsa.pem` (an RSA key for `a.test`), `renewed.pem` (another for `a.test`, with its own key),
/// `client.pem` (`CN=alice`). Signed by `other-ca.pem`: `stranger.pem` (`CN=mallory`). With faults: `mismatched.pem`,
/// `keyless.pem`, `encrypted.pem`, `garbage.pem`. `split.pem` has its key in `split.pem.key`. Ticket keys: `48.keys`,
/// `80.keys`, three in each.
package final class Certificates: Sendable {
    /// Those of this process, removed at its end.
    package static let shared: Result<Certificates, any Error> = {
        atexit { Certificates.removeShared() }
        return Result { try Certificates() }
    }()

    private static func removeShared() {
        if case .success(let made) = shared { ScratchDirectory.remove(made.path) }
    }

    package let folder: ScratchFolder
    package var path: String { folder.path }

    /// The passphrase of `encrypted.pem`.
    package static let passphrase = "open-sesame-4711"

    package init() throws {
        folder = try ScratchFolder("certificates-")
        let script = """
            set -e; cd \(folder.path)
            key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1.key; }
            authority() { key $1; openssl req -x509 -new -key $1.key -subj "/CN=$1" -days 30 -out $1.pem; }
            signed() {
                openssl req -x509 -new -key $2.key -CA $1.pem -CAkey $1.key -subj "$3" -days 30 \
                    -addext basicConstraints=CA:FALSE ${4:+-addext subjectAltName=$4} -out $2.crt
                cat $2.crt $2.key > $2.pem; rm $2.key
            }
            authority ca; authority other-ca
            key a; signed ca a /O=Reload/CN=a.test DNS:a.test,DNS:www.a.test
            key b; signed ca b /CN=b.test DNS:b.test
            key wild; signed ca wild /CN=wild DNS:*.w.test
            openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key
            signed ca rsa /CN=a.test DNS:a.test
            key renewed; signed ca renewed /O=Renewed/CN=a.test DNS:a.test
            key client; signed ca client /O=Reload/CN=alice
            key stranger; signed other-ca stranger /CN=mallory
            key lonely; cat a.crt lonely.key > mismatched.pem
            cp a.crt keyless.pem
            (cat a.crt; openssl pkey -in lonely.key -aes256 -passout pass:\(Self.passphrase)) > encrypted.pem
            (echo -----BEGIN CERTIFICATE-----; echo bm9uc2Vuc2U=; echo -----END CERTIFICATE-----) > garbage.pem
            cp b.crt split.pem; openssl pkey -in b.pem -out split.pem.key
            for size in 48 80; do for i in 1 2 3; do openssl rand -base64 $size | tr -d '\\n'; echo; done > $size.keys; done
            """
        let made = try Program.shell(script)
        guard made.end == .exited(0) else { throw ProgramError("no certificates: \(made.errors)") }
    }

    /// The path of a file.
    package func file(_ name: String) -> String { folder.file(name) }

    package func text(_ name: String) throws -> String { try File.readText(file(name)) }

    /// What must never be seen of a private key: the lines between its markers, or those of a ticket key file.
    package func secrets(of name: String) throws -> [String] {
        var isInside = name.hasSuffix(".keys")
        return try text(name).split(separator: "\n").compactMap { line in
            if line.contains("-----") { isInside = line.contains("BEGIN") && line.contains("KEY") }
            return isInside && !line.contains("-----") ? String(line) : nil
        }
    }
}
