// The edge of the configuration language: finds and reads the files of `-f`, and gives the parser the environment,
// users, groups, host names and files of this machine. Prints nothing.

import ConfigLanguage
import Glibc
import TLS
import Unix

/// Loads the configuration that the command line names.
package struct ConfigurationLoader {
    /// The arguments of `-f` in their order: files, or directories whose `*.cfg` are read in lexical order.
    package var paths: [String]
    /// `-C`: the folder to which relative paths refer. Loading changes the process's working folder to it, as
    /// HAProxy does.
    package var directory: String?
    /// `-L`, which goes before the host's name.
    package var localPeer: String?
    /// Variables that the configuration may use.
    package var environment: [String: String]

    package init(
        paths: [String], directory: String? = nil, localPeer: String? = nil,
        environment: [String: String] = ProcessEnvironment.variables()
    ) {
        self.paths = paths
        self.directory = directory
        self.localPeer = localPeer
        self.environment = environment
    }

    /// Reads and parses everything. The configuration is nil when any diagnostic is an alert.
    package func load() -> ParseResult {
        if let directory, chdir(directory) != 0 {
            let reason = "Could not change to directory \(directory) : \(String(cString: strerror(errno)))"
            return ParseResult(configuration: nil, diagnostics: [Diagnostic(.alert, reason)])
        }
        var sources: [Source] = []
        var failures: [Diagnostic] = []
        for path in paths {
            do throws(Errno) {
                sources += try read(path)
            } catch {
                let reason =
                    "Cannot open configuration file/directory \(path) : \(SystemText.of(error))"
                failures.append(Diagnostic(.alert, at: Position(file: path, line: 0), reason))
            }
        }
        guard failures.isEmpty else { return ParseResult(configuration: nil, diagnostics: failures) }
        guard !sources.isEmpty else {
            let named =
                paths.isEmpty ? "none was named with -f" : "no *.cfg in \(paths.joined(separator: ", "))"
            return ParseResult(
                configuration: nil, diagnostics: [Diagnostic(.alert, "No configuration file: \(named)")])
        }
        return ConfigurationParser.parse(sources, in: surroundings(of: sources))
    }

    /// The file itself, or the `*.cfg` of a directory that are not hidden.
    private func read(_ path: String) throws(Errno) -> [Source] {
        guard FileKind(path) == .directory else {
            return [Source(name: path, bytes: try File.read(path))]
        }
        var sources: [Source] = []
        for name in try File.names(in: path) where name.hasSuffix(".cfg") && !name.hasPrefix(".") {
            let file = "\(path)/\(name)"
            if FileKind(file) == .directory { continue }
            sources.append(Source(name: file, bytes: try File.read(file)))
        }
        return sources
    }

    private func surroundings(of sources: [Source]) -> Surroundings {
        let hostName = ProcessEnvironment.hostName()
        var variables = environment
        variables["HAPROXY_LOCALPEER"] = localPeer ?? variables["HAPROXY_LOCALPEER"] ?? hostName
        variables["HAPROXY_CFGFILES"] = sources.map(\.name).joined(separator: ";")
        // Whoever holds the disk against what runs asks for it.
        variables["CFGFILES_SHA256"] =
            sources.map { Digest.sha256($0.bytes).hexadecimal(uppercase: false) }.joined(separator: ";")
        return Surroundings(
            environment: variables, hostName: hostName, localPeer: localPeer,
            readFile: { path in
                do throws(Errno) {
                    return .success(try File.read(path))
                } catch {
                    return .failure(OutsideFailure(SystemText.of(error)))
                }
            },
            userID: { name in getpwnam(name).map { UInt32($0.pointee.pw_uid) } },
            groupID: { name in getgrnam(name).map { UInt32($0.pointee.gr_gid) } },
            resolve: HostNames.resolve)
    }
}

/// Errors in the system's words.
enum SystemText {
    static func of(_ error: Errno) -> String { String(cString: strerror(error.rawValue)) }
}
