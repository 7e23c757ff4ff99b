// Children do not outlive the test process, however it ends: a small shell holds the list of process groups, and
// kills them when its standard input, a pipe from here, is closed.

import CLinux
import Glibc
import Unix

struct ChildGuard: Sendable {
    static let shared = ChildGuard()

    private let pipe: Int32

    private static let script = """
        trap '' INT TERM HUP
        groups=
        while read -r word group; do
            case $word in
            +) groups="$groups $group" ;;
            -) kept=; for one in $groups; do [ "$one" = "$group" ] || kept="$kept $one"; done; groups=$kept ;;
            esac
        done
        for group in $groups; do kill -9 "-$group" "$group"; done 2>/dev/null
        """

    private init() {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends, 0) == 0 else {
            pipe = -1
            return
        }
        let reading = Descriptor(owning: ends[0])
        pipe = ends[1]
        _ = try? ProcessControl.spawn(
            "/bin/sh", arguments: ["sh", "-c", Self.script], environment: ProcessControl.environment,
            inherited: [(reading.raw, 0)], newSession: true)
    }

    /// `group` must end with this process.
    func adopt(_ group: pid_t) { say("+ \(group)\n") }

    /// `group` has ended.
    func release(_ group: pid_t) { say("- \(group)\n") }

    private func say(_ line: String) {
        // Shorter than PIPE_BUF: the kernel writes it whole.
        _ = Array(line.utf8).withUnsafeBytes { write(pipe, $0.baseAddress, $0.count) }
    }
}
