// What expressions read of a connection's TLS.

import ConfigLanguage
import TLS

extension TLSFetch {
    func value(in scene: Scene) -> Sample? {
        switch self {
        // `tcp-request connection` is asked before there is anything else of it.
        case .used(.client): return .bool(scene.client.listener.security != nil)
        case .used(.server): return .bool(scene.stream?.loggedServer?.connector != nil)
        // Whoever has come so far has no fault.
        case .connectionError: return .integer(0)
        case .connectionErrorText: return text("Success", scene)
        default: break
        }
        guard let channel = channel(in: scene) else { return withoutTLS }
        switch self {
        case .used, .connectionError, .connectionErrorText: return nil
        case .handshakeError: return .integer(Int64(channel.handshakeError))
        case .handshakeErrorText: return channel.handshakeErrorText.flatMap { text($0, scene) }
        case .version: return text(channel.version, scene)
        case .cipher: return text(channel.cipher, scene)
        case .resumed: return .bool(channel.isResumed)
        case .alpn: return channel.applicationProtocol.flatMap { text($0, scene) }
        case .keyBits: return bits(channel.keyBits.secret)
        case .algorithmBits: return bits(channel.keyBits.algorithm)
        case .serverName: return channel.serverName.flatMap { text($0, scene) }
        case .hasServerName: return .bool(channel.serverName != nil)
        case .showedCertificate: return .bool(!channel.isResumed && channel.peerCertificate != nil)
        case .certificateUsed: return .bool(channel.peerCertificate != nil)
        case .verifyResult: return .integer(Int64(channel.verifyResult))
        case .error: return .integer(Int64(channel.certificateError))
        case .caError: return .integer(Int64(channel.authorityError))
        case .caErrorDepth: return .integer(Int64(channel.authorityErrorDepth))
        case .certificate(let field): return channel.peerCertificate.flatMap { field.value(of: $0, scene) }
        }
    }

    /// What HAProxy says of a connection that speaks plainly.
    private var withoutTLS: Sample? {
        switch self {
        case .resumed, .hasServerName: .bool(false)
        default: nil
        }
    }

    private func channel(in scene: Scene) -> TLSChannel? {
        need == .serverConnection ? scene.stream?.serverTLS : scene.client.tls
    }

    /// There are none before a cipher was agreed on.
    private func bits(_ count: Int) -> Sample? { count > 0 ? .integer(Int64(count)) : nil }

    private func text(_ text: String, _ scene: Scene) -> Sample? {
        scene.core.arena.copy(text).map { .text($0) }
    }
}

extension CertificateField {
    fileprivate func value(of certificate: Certificate, _ scene: Scene) -> Sample? {
        switch self {
        case .subject(let part, let occurrence):
            return name(of: certificate, part, occurrence, ofIssuer: false, scene)
        case .issuer(let part, let occurrence):
            return name(of: certificate, part, occurrence, ofIssuer: true, scene)
        case .encoding: return bytes(certificate.encoding, scene)
        case .serial: return bytes(certificate.serial, scene)
        case .sha1: return bytes(certificate.sha1, scene)
        case .notBefore: return bytes(certificate.notBeforeField.utf8, scene)
        case .notAfter: return bytes(certificate.notAfterField.utf8, scene)
        case .version: return .integer(Int64(certificate.version))
        case .keyAlgorithm: return bytes(certificate.keyAlgorithm.utf8, scene)
        case .signatureAlgorithm: return bytes(certificate.signatureAlgorithm.utf8, scene)
        }
    }

    private func name(
        of certificate: Certificate, _ part: String?, _ occurrence: Int, ofIssuer: Bool, _ scene: Scene
    ) -> Sample? {
        guard let part else { return bytes(certificate.name(ofIssuer: ofIssuer).utf8, scene) }
        return certificate.part(part, ofIssuer: ofIssuer, occurrence: occurrence)
            .flatMap { bytes($0.utf8, scene) }
    }

    private func bytes(_ bytes: some Collection<UInt8>, _ scene: Scene) -> Sample? {
        guard let room = scene.core.arena.take(bytes.count) else { return nil }
        room.copyBytes(from: bytes)
        return .text(UnsafeRawBufferPointer(room))
    }
}
