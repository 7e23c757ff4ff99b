// The demo's stage: the child process that holds origin, traffic and the proxy.

import Glibc
import Polling
import Unix

enum DemoStage {
    /// Runs until the dashboard's end of the channel (standard input) is gone; returns the exit code.
    static func run(program: String, directory: String, automatic: Bool) -> Int32 {
        0
    }
}
