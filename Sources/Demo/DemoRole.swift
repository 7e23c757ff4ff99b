// The hidden roles of the program that shows the demo: it starts itself again for the stage, and the stage starts
// itself once more to become the proxy with a parent-death signal, which posix_spawn cannot set.

import CLinux
import Glibc
import Unix

/// What this process is, when it is a part of the demo.
package enum DemoRole: Equatable, Sendable {
    /// Origin, traffic and the proxy's parent.
    case stage(program: String, directory: String, automatic: Bool)
    /// Becomes `arguments[0]`, and gets SIGTERM when its parent dies.
    case bound(arguments: [String])

    private static let stageWord = "--demo-stage"
    private static let boundWord = "--demo-bound"

    /// The role that the arguments after the program's name ask for; nil: an ordinary start.
    package init?(arguments: some Sequence<String>) {
        let words = Array(arguments)
        switch words.first {
        case Self.stageWord where words.count == 4:
            self = .stage(program: words[1], directory: words[2], automatic: words[3] == "automatic")
        case Self.boundWord where words.count >= 2:
            self = .bound(arguments: Array(words[1...]))
        default: return nil
        }
    }

    var arguments: [String] {
        switch self {
        case .stage(let program, let directory, let automatic):
            [Self.stageWord, program, directory, automatic ? "automatic" : "manual"]
        case .bound(let arguments): [Self.boundWord] + arguments
        }
    }

    /// Plays the role until it ends; the result is the exit code. Call it first thing in `main`.
    package func run() -> Int32 {
        switch self {
        case .stage(let program, let directory, let automatic):
            return DemoStage.run(program: program, directory: directory, automatic: automatic)
        case .bound(let arguments):
            let parent = getppid()
            _ = clinux_prctl(PR_SET_PDEATHSIG, UInt(SIGTERM))
            if getppid() != parent || parent == 1 { return 1 }
            let error = ProcessControl.execute(
                arguments[0], arguments: arguments, environment: ProcessControl.environment)
            print("cannot execute \(arguments[0]): \(error)")
            return 127
        }
    }
}
