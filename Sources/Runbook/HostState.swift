// What one host has that must be the same on every host of a fleet: its configuration, the keys of session tickets, and
// how long an old worker may live. Files are known by their hashes alone: no key is kept or told.

import ConfigLanguage
import Glibc
import Observing
import ReloadModel
import TLS
import Unix

package struct HostState: Equatable, Sendable {
    /// One file, under the proxy's name for it.
    package struct HashedFile: Equatable, Sendable {
        package var file: String
        /// SHA-256 as sha256sum tells it; unknown where the file cannot be read.
        package var hash: Known<String>
    }

    /// The files that a load reads now, in their order.
    package var configuration: Known<[HashedFile]>
    /// The files that `tls-ticket-keys` names there, each once.
    package var ticketKeys: Known<[HashedFile]>
    /// Of the worker that serves.
    package var hardStopAfter: Known<HardStopAfter>

    private static let longestFile = 1 << 20

    /// Looks at the files as they are now. `serving`: hard-stop-after of the worker that serves.
    static func now(
        of master: Int32, serving hardStopAfter: Known<HardStopAfter>, _ proc: ProcTree
    ) -> HostState {
        let loaded = LoadedConfiguration(proc, master: master)
        let files = loaded.files()
        return HostState(
            configuration: files.map { files in
                files.map { HashedFile(file: $0.path, hash: .known(hash($0.bytes))) }
            },
            ticketKeys: files.map { ticketKeys(in: $0, loaded, master, proc) }, hardStopAfter: hardStopAfter)
    }

    private static func ticketKeys(
        in files: [ConfigurationFile], _ loaded: LoadedConfiguration, _ master: Int32, _ proc: ProcTree
    ) -> [HashedFile] {
        let folder = ProxyCommandLine(proc.arguments(master)).folder
        let lines = ConfigurationOutline.asLoaded(files, by: master, proc).sections.flatMap(\.lines)
        var names: [String] = []
        for line in lines where line.keyword == "bind" {
            guard let name = line.value(of: "tls-ticket-keys"), !names.contains(name) else { continue }
            names.append(name)
        }
        return names.map { name in
            switch loaded.path(of: name, in: folder) {
            case .unknown(let why): return HashedFile(file: name, hash: .unknown(why))
            case .known(let path):
                do throws(Errno) {
                    let bytes = try File.read(path, limit: longestFile)
                    return HashedFile(file: name, hash: .known(hash(bytes)))
                } catch {
                    return HashedFile(
                        file: name,
                        hash: .unknown(Unknown("the ticket keys \(name) cannot be read: \(error)")))
                }
            }
        }
    }

    static func hash(_ bytes: [UInt8]) -> String { Digest.sha256(bytes).hexadecimal(uppercase: false) }
}

extension ConfigurationOutline {
    /// The files with the variables of the master that loads them.
    static func asLoaded(
        _ files: [ConfigurationFile], by master: Int32, _ proc: ProcTree
    ) -> ConfigurationOutline {
        let entries = proc.environment(master).value ?? []
        return ConfigurationOutline(files.map { ($0.path, $0.bytes) }) { name in
            entries.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.utf8.count + 1)) }
        }
    }
}
