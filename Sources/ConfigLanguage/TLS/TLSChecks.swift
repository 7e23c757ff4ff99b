// What can be said of TLS when everything was read: the defaults of `global`, folders, what is missing.

extension ConfigurationChecks {
    /// Completes the TLS of all lines.
    func completeTLS(of proxies: inout [ProxyDraft]) {
        for index in proxies.indices {
            for place in proxies[index].proxy.binds.indices {
                complete(&proxies[index].proxy.binds[place], of: proxies[index].proxy)
            }
            for place in proxies[index].proxy.servers.indices {
                complete(&proxies[index].proxy.servers[place], of: proxies[index].proxy)
            }
        }
    }

    private var global: Global { reader.configuration.global }

    /// HAProxy's bases stand before names that are not complete.
    private static func path(_ name: String, in base: String?) -> String {
        guard let base, !name.hasPrefix("/"), !name.hasPrefix("@") else { return name }
        return "\(base)/\(name)"
    }

    private func complete(_ bind: inout Bind, of proxy: Proxy) {
        var tls = bind.options.tls
        let words = tls.settings.words.completed(by: global.bindTLS)
        tls.certificates = tls.certificates.map { Self.path($0, in: global.crtBase) }
        tls.caFile = tls.caFile.map { Self.path($0, in: global.caBase) }
        tls.crlFile = tls.crlFile.map { Self.path($0, in: global.caBase) }
        tls.strictSNI = words.strictSNI ?? false
        tls.prefersClientCiphers = words.prefersClientCiphers ?? false
        let outcome = words.outcome()
        if let range = outcome.range { words.complete(&tls.settings, range) }
        bind.options.tls = tls
        guard bind.options.usesTLS, !proxy.settings.disabled else { return }
        let place = "bind '\(bind.text)' at [\(bind.position)]"
        let title = "Proxy '\(proxy.name)'"
        warn(of: outcome, words, title, place, bind.position)
        if outcome.range == nil {
            alert("\(title): all SSL/TLS versions are disabled for \(place).", at: bind.position)
        }
        if tls.certificates.isEmpty {
            if tls.strictSNI {
                warn(
                    "\(title): no SSL certificate specified for \(place), ssl connections will fail (use 'crt').",
                    at: bind.position)
            } else {
                alert("\(title): no SSL certificate specified for \(place) (use 'crt').", at: bind.position)
            }
        }
        if tls.verify != .none && tls.caFile == nil {
            alert("\(title): verify is enabled but no CA file specified for \(place).", at: bind.position)
        }
    }

    private func warn(
        of outcome: TLSWords.Outcome, _ words: TLSWords, _ title: String, _ place: String,
        _ position: Position
    ) {
        if outcome.ignoresExclusions {
            warn(
                "\(title): no-sslv3/no-tlsv1x are ignored for \(place). Use only 'ssl-min-ver' and 'ssl-max-ver' to "
                    + "fix.", at: position)
        }
        if outcome.lowersMinimum, let maximum = words.maximum {
            warn(
                "\(title): Ambiguous configuration for \(place): the ssl-min-ver value is not configured and the "
                    + "ssl-max-ver value is lower than the default ssl-min-ver value "
                    + "(\(TLSWords.versions[TLSWords.usualMinimum])). Setting the ssl-min-ver to "
                    + "\(TLSWords.versions[maximum]). Use 'ssl-min-ver' to fix this.", at: position)
        }
    }

    private func complete(_ server: inout ServerLine, of proxy: Proxy) {
        var tls = server.options.tls
        let words = tls.settings.words.completed(by: global.serverTLS)
        tls.certificate = tls.certificate.map { Self.path($0, in: global.crtBase) }
        tls.caFile = tls.caFile.map { Self.path($0, in: global.caBase) }
        tls.crlFile = tls.crlFile.map { Self.path($0, in: global.caBase) }
        tls.verify = words.verify ?? .required
        var outcome = words.outcome()
        // HAProxy has no lowest version for servers: what we have by ourselves must not leave none.
        if outcome.range == nil || outcome.lowersMinimum { outcome = words.outcome(from: 1) }
        if let range = outcome.range { words.complete(&tls.settings, range) }
        server.options.tls = tls
        guard server.options.speaksTLS, !proxy.settings.disabled else { return }
        let place = "[\(server.position)] : 'server \(proxy.name)/\(server.name)'"
        warn(of: outcome, words, place, "server '\(server.name)'", server.position)
        if outcome.range == nil {
            alert(
                "\(place) : \(proxy.title): all SSL/TLS versions are disabled for server '\(server.name)'.",
                at: server.position)
        }
        if tls.verify == .required && tls.caFile == nil {
            alert(
                "\(place) : verify is enabled by default but no CA file specified. If you're running on a LAN where "
                    + "you're certain to trust the server's certificate, please set an explicit 'verify none' "
                    + "statement on the 'server' line, or use 'ssl-server-verify none' in the global section to "
                    + "disable server-side verifications by default.", at: server.position)
        }
    }
}
