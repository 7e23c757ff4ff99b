// Reads the certificates and ticket keys on disk that a worker's are from, and those that the next load would read,
// some at a time. What stands beside them, private keys, is let go at once.

import ConfigLanguage
import Glibc
import Observing
import ReloadModel
import RuntimeAPI
import TLS
import Unix

struct TLSFiles {
    private static let longestFile = 1 << 20
    /// More than this many are not looked at.
    private static let mostFiles = 2000

    /// What has been learned; complete once `read` says so.
    private(set) var facts: TLSFacts
    private let running: [String: CertificateReport]
    private var unread: ArraySlice<String>
    private let proc: ProcTree
    private let place: (String) -> Known<String>

    /// `configuration`: the files on disk; `place`: where a file of the proxy is reached from here.
    init(
        _ report: TLSReport, configuration: ConfigurationOutline?, proc: ProcTree,
        place: @escaping (String) -> Known<String>
    ) {
        self.proc = proc
        self.place = place
        running = Dictionary(
            report.certificates.map { ($0.file, $0) }, uniquingKeysWith: { first, _ in first })
        facts = TLSFacts(transactions: report.transactions)
        let loaded = report.certificates.map(\.file)
        let named = configuration.map { Self.named(CertificateWords($0), place) } ?? []
        var told = Set(loaded)
        unread = (loaded + named.filter { told.insert($0).inserted }).prefix(Self.mostFiles)
        facts.ticketFiles = report.keys.sets.map { set in
            TicketFileFact(
                file: set.file, running: set.keys.map(\.text), disk: place(set.file).flatMap(keys))
        }
    }

    /// Goes on until `moment`; true once all are read.
    mutating func read(until moment: Instant) -> Bool {
        while let name = unread.popFirst() {
            let leaf = running[name]?.leaf
            facts.certificates.append(
                CertificateFact(
                    file: name, running: leaf.map(CertificateFact.Leaf.init),
                    isUsed: running[name]?.status == .used, disk: place(name).flatMap(certificate)))
            if Instant.now() >= moment { break }
        }
        return unread.isEmpty
    }

    /// The files that the next load reads, under the proxy's names.
    private static func named(_ words: CertificateWords, _ place: (String) -> Known<String>) -> [String] {
        var names = words.certificates
        for list in words.lists {
            guard let path = place(list).value, let text = try? File.readText(path, limit: longestFile)
            else { continue }
            names += words.files(inList: text)
        }
        return names.flatMap { name -> [String] in
            guard let path = place(name).value, let inside = try? File.names(in: path) else { return [name] }
            let folder = name.hasSuffix("/") ? String(name.dropLast()) : name
            return inside.filter(CertificateWords.isCertificate).map { "\(folder)/\($0)" }
        }
    }

    private func certificate(at path: String) -> Known<CertificateFact.Disk> {
        read(path, "the certificate", missing: .missing) { bytes, info in
            do throws(TLSFault) {
                let leaf = try CertificateFacts.leaf(inPEM: bytes)
                return .leaf(CertificateFact.Leaf(leaf), changedAt: info.st_mtim.microseconds)
            } catch {
                return .noCertificate(error.reason)
            }
        }
    }

    private func keys(at path: String) -> Known<TicketFileFact.Disk> {
        read(path, "the ticket keys", missing: .missing) { bytes, info in
            do throws(TLSFault) {
                let keys = try TicketKeys(text: bytes, file: path)
                let fingerprints = keys.digests.compactMap { TicketKeyFingerprint(digest: $0)?.text }
                return .keys(fingerprints, mode: UInt32(info.st_mode & 0o777))
            } catch {
                return .noKeys(error.reason)
            }
        }
    }

    private func read<Disk>(
        _ path: String, _ what: String, missing: Disk, _ make: ([UInt8], stat) -> Disk
    ) -> Known<Disk> {
        var info = stat()
        do throws(Errno) {
            guard stat(path, &info) == 0 else { throw .last }
            return .known(make(try File.read(path, limit: Self.longestFile), info))
        } catch .noSuchFileOrDirectory {
            return .known(missing)
        } catch {
            return .unknown(proc.denied("\(what) \(path)", error))
        }
    }
}

extension Known {
    fileprivate func flatMap<Other>(_ make: (Value) -> Known<Other>) -> Known<Other> {
        switch self {
        case .known(let value): make(value)
        case .unknown(let why): .unknown(why)
        }
    }
}

extension CertificateFact.Leaf {
    fileprivate init(_ leaf: CertificateReport.Leaf) {
        self.init(
            serial: leaf.serial, sha1Fingerprint: leaf.sha1Fingerprint, notBefore: leaf.notBefore,
            notAfter: leaf.notAfter)
    }

    fileprivate init(_ leaf: CertificateFacts) {
        self.init(
            serial: leaf.serial, sha1Fingerprint: leaf.sha1Fingerprint, notBefore: leaf.notBefore,
            notAfter: leaf.notAfter)
    }
}
