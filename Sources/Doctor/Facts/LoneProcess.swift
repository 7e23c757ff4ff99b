// A proxy that runs without a master: nobody but its own command line and its files tell of it.

import ConfigLanguage
import Observing
import ReloadModel

package struct LoneProcess: Sendable {
    package var pid: Int32
    package var arguments: [String]
    /// Its files as they are now.
    package var configuration: Known<ConfigurationOutline>

    package init(pid: Int32, arguments: [String], configuration: Known<ConfigurationOutline>) {
        self.pid = pid
        self.arguments = arguments
        self.configuration = configuration
    }

    /// What /proc and the files tell.
    package init(reading pid: Int32, _ proc: ProcTree = ProcTree()) {
        let environment = proc.environment(pid).value ?? []
        let files = LoadedConfiguration(proc, master: pid).files()
        self.init(
            pid: pid, arguments: proc.arguments(pid),
            configuration: files.map { files in
                ConfigurationOutline(files.map { ($0.path, $0.bytes) }) { name in
                    environment.first { $0.hasPrefix(name + "=") }
                        .map { String($0.dropFirst(name.utf8.count + 1)) }
                }
            })
    }

    var commandLine: String { arguments.joined(separator: " ") }
}
