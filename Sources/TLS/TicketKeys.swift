// The keys that session tickets are sealed with. A client brings its ticket to whatever process serves next, so keys
// that processes share make sessions survive reloads and restarts.
//
// As in HAProxy: the last key but one seals, all open, and the last is known already when its turn comes.

import COpenSSL
import Unix

/// A ring of ticket keys.
package final class TicketKeys {
    /// One key: 48 bytes (AES-128) or 80 (AES-256).
    struct Key {
        let name: [UInt8]
        let secret: [UInt8]
        let authentication: [UInt8]
        /// SHA-256 of all its bytes: what it is known by.
        let digest: [UInt8]

        init?(_ bytes: [UInt8]) {
            name = Array(bytes.prefix(16))
            digest = Digest.sha256(bytes)
            switch bytes.count {
            case 48:
                secret = Array(bytes[16..<32])
                authentication = Array(bytes[32..<48])
            case 80:
                secret = Array(bytes[16..<48])
                authentication = Array(bytes[48..<80])
            default: return nil
            }
        }
    }

    private(set) var keys: [Key]
    /// The file they came from; nil: made for this process alone.
    package let file: String?

    private static let mostKeys = 3

    /// Random keys, for a process whose tickets are worth nothing to others.
    package init() throws(TLSFault) {
        var bytes = [UInt8](repeating: 0, count: 80)
        guard RAND_bytes(&bytes, 80) == 1, let key = Key(bytes) else {
            throw .ofOpenSSL("no random bytes")
        }
        keys = [key, key]
        file = nil
    }

    /// The last three keys of a file with one in base64 a line.
    package init(text: [UInt8], file: String) throws(TLSFault) {
        self.file = file
        var keys: [Key] = []
        var size: Int?
        for (index, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            let written = line.filter { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: " ") }
            if written.isEmpty { continue }
            guard let bytes = Self.decoded(written), let key = Key(bytes) else {
                throw TLSFault("unable to decode base64 key line \(index + 1)")
            }
            guard bytes.count == size ?? bytes.count else {
                throw TLSFault("line \(index + 1): key has another size than those above it")
            }
            size = bytes.count
            keys.append(key)
        }
        guard keys.count >= Self.mostKeys else {
            throw TLSFault("please supply at least \(Self.mostKeys) keys in the tls-tickets-file")
        }
        self.keys = Array(keys.suffix(Self.mostKeys))
    }

    /// A key that comes next: the one that was last seals from now on, the oldest is forgotten.
    package func add(base64: String) throws(TLSFault) {
        guard let bytes = Self.decoded(Array(base64.utf8)), let key = Key(bytes) else {
            throw TLSFault("received invalid base64 encoded TLS key")
        }
        guard key.secret.count == sealing.secret.count else {
            throw TLSFault("received a key of wrong size")
        }
        keys.append(key)
        if keys.count > Self.mostKeys { keys.removeFirst(keys.count - Self.mostKeys) }
    }

    /// The SHA-256 of each key, the oldest first: all that is ever shown.
    package var digests: [[UInt8]] { keys.map(\.digest) }

    private var sealing: Key { keys[keys.count - 2] }

    private static func decoded(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0, !text.isEmpty else { return nil }
        var bytes = [UInt8](repeating: 0, count: text.count / 4 * 3)
        let count = EVP_DecodeBlock(&bytes, text, Int32(text.count))
        guard count >= 0 else {
            ERR_clear_error()
            return nil
        }
        let padding = text.suffix(2).filter { $0 == UInt8(ascii: "=") }.count
        return Array(bytes.prefix(Int(count) - padding))
    }

    // MARK: OpenSSL asks

    /// What OpenSSL wants to be told: no key, this one, or this one and a new ticket.
    private enum Answer: Int32 { case none, use, renew }

    func prepareSealing(
        _ name: UnsafeMutablePointer<UInt8>, _ iv: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
        _ mac: OpaquePointer
    ) -> Int32 {
        let key = sealing
        for (index, byte) in key.name.enumerated() { name[index] = byte }
        guard RAND_bytes(iv, Int32(EVP_MAX_IV_LENGTH)) == 1,
            EVP_EncryptInit_ex(cipher, Self.algorithm(of: key), nil, key.secret, iv) == 1,
            Self.authenticate(mac, key)
        else { return -1 }
        return Answer.use.rawValue
    }

    /// `isSingleUse`: TLS 1.3.
    func prepareOpening(
        _ name: UnsafeMutablePointer<UInt8>, _ iv: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
        _ mac: OpaquePointer, isSingleUse: Bool
    ) -> Int32 {
        let wanted = UnsafeBufferPointer(start: name, count: 16)
        guard let key = keys.last(where: { $0.name.elementsEqual(wanted) }) else {
            return Answer.none.rawValue
        }
        guard EVP_DecryptInit_ex(cipher, Self.algorithm(of: key), nil, key.secret, iv) == 1,
            Self.authenticate(mac, key)
        else { return -1 }
        // Clients of TLS 1.3 use a ticket once: without another one they could not resume again.
        let isCurrent = key.digest == sealing.digest && !isSingleUse
        return (isCurrent ? Answer.use : .renew).rawValue
    }

    private static func algorithm(of key: Key) -> OpaquePointer {
        key.secret.count == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc()
    }

    private static func authenticate(_ mac: OpaquePointer, _ key: Key) -> Bool {
        var secret = key.authentication
        return secret.withUnsafeMutableBufferPointer { secret in
            let parameters = [
                copenssl_mac_key(secret.baseAddress, secret.count), copenssl_mac_sha256(),
                OSSL_PARAM_construct_end(),
            ]
            return EVP_MAC_CTX_set_params(mac, parameters) == 1
        }
    }
}
