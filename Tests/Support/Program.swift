// Programs under test and tools: where they are, and one run from start to end.

import Demo
import Glibc
import Unix

/// Why a program could not be used.
package struct ProgramError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

package enum Program {
    /// One of our own programs: below `RELOADTOP_BINARIES`, else as `make test` builds them. mwproxy bears loads
    /// and is the release build; the dashboard is of the tests' own build and lies beside them, which spares a third
    /// of the time that building takes.
    package static func ours(_ name: String) throws -> String {
        let built = name == "mwproxy" ? packageRoot + "/.build/release" : beside
        let named = ProcessControl.environment("RELOADTOP_BINARIES") ?? built
        // Wherever it is started.
        let place = named.hasPrefix("/") ? named : "\(packageRoot)/\(named)"
        guard access("\(place)/\(name)", X_OK) == 0 else {
            throw ProgramError("no \(name) in \(place): run 'make test', which builds it")
        }
        return "\(place)/\(name)"
    }

    /// The folder of the running tests.
    private static var beside: String {
        (ProgramSearch.ownPath ?? "").split(separator: "/").dropLast().map { "/" + $0 }.joined()
    }

    /// A program of the system, looked for in PATH and the folders of system daemons.
    package static func system(_ name: String) throws -> String {
        let path = ProcessControl.environment("PATH") ?? ""
        let places = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/lib/systemd"]
        for place in places where access("\(place)/\(name)", X_OK) == 0 { return "\(place)/\(name)" }
        throw ProgramError("no \(name) in PATH: 'make test' installs it where it can")
    }

    /// The folder of Package.swift.
    package static let packageRoot: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    /// This process's environment with `changes` made to it; nil removes a variable.
    package static func environment(_ changes: [String: String?] = [:]) -> [String] {
        let kept = ProcessControl.environment.filter { entry in
            changes[String(entry.prefix { $0 != "=" })] == nil
        }
        return kept + changes.compactMap { name, value in value.map { "\(name)=\($0)" } }
    }

    /// What a finished program left.
    package struct Completed {
        package let output: String
        package let errors: String
        package let end: ProcessEnd

        /// Standard output without the last newline.
        package var line: String { output.hasSuffix("\n") ? String(output.dropLast()) : output }
    }

    /// Runs a program to its end; one that takes longer than `limit` is killed and throws.
    package static func run(
        _ path: String, _ arguments: [String] = [], input: String = "",
        environment: [String: String?] = [:], atMost limit: Duration = .patience
    ) throws -> Completed {
        let folder = try ScratchFolder()
        try folder.write("in", input)
        let program = try RunningProgram(
            path, arguments, environment: environment, in: folder, name: "run", input: folder.file("in"))
        let end = try program.end(atMost: limit)
        return Completed(output: program.output, errors: program.errors, end: end)
    }

    /// Runs a line of shell.
    package static func shell(_ line: String, environment: [String: String?] = [:]) throws -> Completed {
        try run("/bin/sh", ["-c", line], environment: environment)
    }

    /// The command that runs `command` as an ordinary user; needs root.
    package static func asOrdinaryUser(_ command: [String]) -> [String] {
        ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + command
    }
}
