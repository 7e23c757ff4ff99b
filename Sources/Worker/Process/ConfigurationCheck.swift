// `-c`: loads, says what it found, and exits without serving.

import ConfigLanguage
import Glibc
import Handover
import Proxying
import Unix

/// The command line's `-c`.
package enum ConfigurationCheck {
    /// The exit code: 0 good, 1 bad, 2 nothing to listen on.
    package static func run(_ options: WorkerOptions) -> Int32 {
        let report = StartupReport(path: options.path, isQuiet: options.isQuiet)
        let result = options.loader.load()
        report.say(result.diagnostics)
        guard let configuration = result.configuration else { return 1 }
        let (_, remarks) = TLSMaterial.load(configuration, beforeKeys: Secrets.keepOutOfCores)
        report.say(remarks)
        guard !remarks.hasAlert else { return 1 }
        report.say(options.loader.examineAddresses(of: configuration))
        report.say(configuration.forgottenRates())
        func say(_ line: String) {
            if !options.isQuiet { try? File.writeAll(1, (line + "\n").utf8) }
        }
        guard configuration.hasListeners else {
            say("Configuration file has no error but will not start (no listener) => exit(2).")
            return 2
        }
        if report.hasWarnings {
            if options.failsOnWarnings {
                report.say(.alert, "Some warnings were found and 'zero-warning' is set. Aborting.")
                return 1
            }
            say("Warnings were found.")
        }
        say("Configuration file is valid")
        return 0
    }
}
