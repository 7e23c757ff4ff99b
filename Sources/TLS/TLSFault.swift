// Why OpenSSL could not do what was asked, in its own words or the system's.

import COpenSSL
import Unix

/// What went wrong with a certificate, a key, a list of ciphers or a handshake.
package struct TLSFault: Error, Equatable, Sendable {
    /// Without a final full stop. Never holds key material.
    package var reason: String

    package init(_ reason: String) {
        self.reason = reason
    }

    /// What OpenSSL complained of first since its list of errors was cleared; the list is empty afterwards.
    static func ofOpenSSL(_ otherwise: String) -> TLSFault {
        let code = ERR_get_error()
        ERR_clear_error()
        if code & copenssl_system_error != 0 {
            return TLSFault(
                Errno(rawValue: CInt(truncatingIfNeeded: code & ~copenssl_system_error)).description)
        }
        guard code != 0, let words = ERR_reason_error_string(code) else { return TLSFault(otherwise) }
        return TLSFault(String(cString: words))
    }
}
