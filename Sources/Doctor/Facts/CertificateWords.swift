// The certificates that a configuration names: files, folders of files, and lists of files.

import ConfigLanguage

struct CertificateWords: Equatable {
    /// Behind `crt`: a file or a folder.
    var certificates: [String] = []
    /// Behind `crt-list`.
    var lists: [String] = []
    /// Where relative names begin.
    var base: String?

    init(_ configuration: ConfigurationOutline) {
        base = configuration.global("crt-base").flatMap { $0.words.count > 1 ? $0.words[1] : nil }
        let lines = configuration.sections.flatMap(\.lines).filter {
            ["bind", "server", "default-server", "server-template"].contains($0.keyword)
        }
        for line in lines {
            for (word, value) in zip(line.words, line.words.dropFirst()) {
                if word == "crt" { certificates.append(based(value)) }
                if word == "crt-list" { lists.append(value) }
            }
        }
    }

    /// The files that a list names, one at the begin of each line.
    func files(inList text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            line.split { $0 == " " || $0 == "\t" }.first.flatMap { $0.hasPrefix("#") ? nil : based($0) }
        }
    }

    private func based(_ word: some StringProtocol) -> String {
        guard let base, !word.hasPrefix("/") else { return String(word) }
        return "\(base)/\(word)"
    }

    /// Files of a folder of certificates that are none.
    static func isCertificate(_ name: String) -> Bool {
        !name.hasPrefix(".") && ![".key", ".issuer", ".ocsp", ".sctl"].contains { name.hasSuffix($0) }
    }
}
