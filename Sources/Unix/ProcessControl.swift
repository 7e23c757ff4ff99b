// Processes: start a program with chosen descriptors, replace this one, watch for ends.

import CLinux
import Glibc

/// How a process ended.
package enum ProcessEnd: Equatable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)

    /// As a shell tells it: the exit code, or 128 + the signal.
    package var code: Int32 {
        switch self {
        case .exited(let code): code
        case .killed(let signal): 128 + signal
        }
    }

    package init(waitStatus status: Int32) {
        let signal = clinux_wait_signaled(status)
        self = signal >= 0 ? .killed(signal: signal) : .exited(clinux_wait_exited(status))
    }
}

/// Starting, signalling and looking at processes.
package enum ProcessControl {
    /// Starts `path` as a child. `inherited` maps descriptor numbers of this process to those of the child;
    /// everything else that is close-on-exec is closed there. The child starts with no blocked signals and
    /// default dispositions. `newSession`: setsid, for daemons; `folder`: where it starts, instead of here.
    package static func spawn(
        _ path: String, arguments: [String], environment: [String],
        inherited: [(from: Int32, to: Int32)] = [], newSession: Bool = false, folder: String? = nil
    ) throws(Errno) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (from, to) in inherited {
            // glibc clears close-on-exec also when `from` and `to` are the same.
            posix_spawn_file_actions_adddup2(&actions, from, to)
        }
        if let folder { _ = try Errno.check(clinux_spawn_in(&actions, folder)) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        if newSession { flags |= 0x80 }  // POSIX_SPAWN_SETSID, hidden behind _GNU_SOURCE
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var pid: pid_t = 0
        let code = withCStrings(arguments) { argv in
            withCStrings(environment) { envp in
                posix_spawn(&pid, path, &actions, &attributes, argv, envp)
            }
        }
        if code != 0 { throw Errno(rawValue: code) }
        return pid
    }

    /// Replaces this process's program; returns only with an error. Blocked signals stay blocked.
    package static func execute(_ path: String, arguments: [String], environment: [String]) -> Errno {
        withCStrings(arguments) { argv in
            withCStrings(environment) { envp in
                execve(path, argv, envp)
                return Errno.last
            }
        }
    }

    /// The next child that has ended, without waiting; nil when none has (or there are none).
    package static func reap() -> (pid: pid_t, end: ProcessEnd)? {
        var status: Int32 = 0
        let pid = waitpid(-1, &status, WNOHANG)
        return pid > 0 ? (pid, ProcessEnd(waitStatus: status)) : nil
    }

    /// A descriptor that is readable once `pid` has ended.
    package static func open(pid: pid_t) throws(Errno) -> Descriptor {
        Descriptor(owning: try Errno.check(clinux_pidfd_open(pid)))
    }

    /// Signals the process that `open` was given, whoever has its number now.
    package static func signal(_ process: borrowing Descriptor, _ number: Int32) throws(Errno) {
        _ = try Errno.check(clinux_pidfd_signal(process.raw, number))
    }

    /// Signals whatever process has the number.
    package static func signal(_ pid: pid_t, _ number: Int32) throws(Errno) {
        if kill(pid, number) != 0 { throw .last }
    }

    /// Bytes that the C heap holds, and those of them that are in use.
    package static var heap: (held: Int, used: Int) {
        var held: UInt = 0
        var used: UInt = 0
        clinux_heap(&held, &used)
        return (Int(held), Int(used))
    }

    /// This process's environment, one `NAME=value` each.
    package static var environment: [String] {
        var entries: [String] = []
        var cursor = environ
        while let entry = cursor.pointee {
            entries.append(String(cString: entry))
            cursor += 1
        }
        return entries
    }

    /// The path by which this process's program was executed, links not followed; it may be relative.
    package static var executedPath: String? {
        clinux_executed_path().map { String(cString: $0) }
    }

    /// The value of an environment variable.
    package static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

/// Calls `body` with a NULL-terminated array of C strings.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
}
