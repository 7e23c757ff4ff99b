// The hidden roles of the program that shows the demo: it starts itself again for the stage, and the stage starts
// itself once more to become the proxy with a parent-death signal, which posix_spawn cannot set.

import CLinux
import Glibc
import Unix

/// What this process is, when it is a part of the demo.
package enum DemoRole: Equatable, Sendable {
    /// Origin, traffic and the proxy's parent.
    case stage(program: String, directory: String, automatic: Bool)
    /// Becomes `arguments[0]`, and gets SIGTERM when its parent, the process `parent`, dies.
    case bound(parent: pid_t, arguments: [String])

    private static let stageWord = "--demo-stage"
    private static let boundWord = "--demo-bound"

    /// The role that the arguments after the program's name ask for; nil: an ordinary start.
    package init?(arguments: some Sequence<String>) {
        let words = Array(arguments)
        switch words.first {
        case Self.stageWord where words.count == 4:
            self = .stage(program: words[1], directory: words[2], automatic: words[3] == "automatic")
        case Self.boundWord where words.count >= 3:
            guard let parent = pid_t(words[1]) else { return nil }
            self = .bound(parent: parent, arguments: Array(words[2...]))
        default: return nil
        }
    }

    var arguments: [String] {
        switch self {
        case .stage(let program, let directory, let automatic):
            [Self.stageWord, program, directory, automatic ? "automatic" : "manual"]
        case .bound(let parent, let arguments): [Self.boundWord, String(parent)] + arguments
        }
    }

    /// Plays the role until it ends; the result is the exit code. Call it first thing in `main`.
    package func run() -> Int32 {
        switch self {
        case .stage(let program, let directory, let automatic):
            return DemoStage.run(program: program, directory: directory, automatic: automatic)
        case .bound(let parent, let arguments):
            let parentDeathSignal: Int32 = 1  // PR_SET_PDEATHSIG
            _ = clinux_prctl(parentDeathSignal, UInt(SIGTERM))
            if getppid() != parent { return 1 }
            let error = ProcessControl.execute(
                arguments[0], arguments: arguments, environment: ProcessControl.environment)
            print("cannot execute \(arguments[0]): \(error)")
            return 127
        }
    }
}
