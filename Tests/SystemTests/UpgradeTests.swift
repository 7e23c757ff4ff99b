// The package is upgraded under traffic: its files are replaced as dpkg replaces them, the package's own script runs,
// and the master becomes the new program, an older one, and a newer one again. Nobody notices.

import Demo
import Glibc
import Polling
import TestSupport
import Testing
import Unix

/// The tree that the package installs, somewhere else than at the root.
private final class InstalledTree {
    let folder: ScratchFolder
    private var number = 0

    init() throws {
        folder = try ScratchFolder("tree-")
        let binaries = try TestSupport.Program.ours("mwproxy").dropLast("/mwproxy".count)
        let done = try TestSupport.Program.run(
            "/usr/bin/env",
            [
                "DESTDIR=\(folder.path)", "PREFIX=/usr", "SYSCONFDIR=/etc",
                "UNITDIR=/usr/lib/systemd/system", "BINARIES=\(binaries)",
                TestSupport.Program.packageRoot + "/packaging/install", "install", "mwproxy",
            ])
        if done.end != .exited(0) { throw ProgramError("make install: \(done.errors)") }
        try File.createDirectories(above: folder.file("run/mwproxy/x"))
    }

    var program: String { folder.file("usr/bin/mwproxy") }
    var pidFile: String { folder.file("run/mwproxy.pid") }
    var socket: String { folder.file("run/mwproxy/master.sock") }

    /// The file that a process runs, as a device and an inode.
    static func identity(_ path: String) -> [UInt64]? {
        var status = stat()
        return stat(path, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
    }

    /// What the package's script finds of the master beside its number.
    enum Trace {
        case socket
        /// Of a master that is gone.
        case leftSocket
        case nothing
    }

    /// Puts another file in the program's place by a rename, as dpkg does, and runs the package's script.
    func upgrade(to content: [UInt8], finding trace: Trace) throws -> TestSupport.Program.Completed {
        let new = program + ".dpkg-new"
        let raw = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o755)
        if raw < 0 { throw Errno.last }
        do {
            let file = Descriptor(owning: raw)
            try File.writeAll(file.raw, content)
        }
        if rename(new, program) != 0 { throw Errno.last }
        if trace != .socket { rename(socket, socket + ".away") }
        defer { if trace != .socket { rename(socket + ".away", socket) } }
        if trace == .leftSocket {
            let address = SocketAddress.unix(path: socket)
            let left = try Socket.stream(for: address)
            try Socket.bind(left, to: address)
        }
        return try TestSupport.Program.run(
            TestSupport.Program.packageRoot + "/packaging/debian/mwproxy.postinst", ["configure", "0.0.9"],
            environment: [
                "DPKG_ROOT": folder.path, "DPKG_MAINTSCRIPT_PACKAGE": "mwproxy",
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            ])
    }

    /// Our program as a build of its own: the same code in another file.
    func anotherBuild() throws -> [UInt8] {
        number += 1
        return try File.read(try TestSupport.Program.ours("mwproxy"), limit: 1 << 30)
            + Array("build \(number)\n".utf8)
    }

    /// A release that says of itself what `line` says; it runs as ours does.
    func release(saying line: String) throws -> [UInt8] {
        let ours = try #require(realpath(try TestSupport.Program.ours("mwproxy"), nil))
        defer { free(ours) }
        return Array(
            """
            #!/bin/sh
            [ -z "$MWPROXY_PROBE" ] || exec echo '\(line)'
            exec '\(String(cString: ours))' "$@"

            """.utf8)
    }
}

extension ReplacementSystemTests {
    @Suite struct Upgrades {
        @Test func anUpgradeUnderTrafficLosesNothing() throws {
            let tree = try InstalledTree()
            let scene = try Scene(
                .mwproxy, program: tree.program, flags: ["-Ws", "-p", tree.pidFile, "-S", tree.socket])
            scene.startMixedTraffic(perSecond: 200)
            try scene.loop.run(load: .milliseconds(300))
            let master = scene.proxy.master

            func upgrade(
                to content: [UInt8], finding trace: InstalledTree.Trace = .socket, succeeds: Bool = true
            ) throws {
                let before = scene.notify.readyCount
                let done = try tree.upgrade(to: content, finding: trace)
                let warns = done.errors.contains("the program from before the upgrade serves on")
                #expect(done.end == .exited(0) && warns == !succeeds, "\(done.errors)")
                #expect(!done.errors.contains("nobody"), "what was left is no fault: \(done.errors)")
                do {
                    try scene.loop.run(for: "READY after an upgrade") { scene.notify.readyCount > before }
                } catch let error as TimedOut {
                    throw ProgramError("\(error): \(done.errors)\(scene.proxy.program.errors)")
                }
                let last = try #require(scene.notify.messages.last { $0.text.contains("READY=1") })
                #expect(last.text.contains("Reload failed") == !succeeds, "\(scene.proxy.program.errors)")
                try scene.loop.run(load: .milliseconds(200))
            }

            // Two builds that differ: master and worker run the new file.
            for trace in [InstalledTree.Trace.socket, .nothing] {
                try upgrade(to: try tree.anotherBuild(), finding: trace)
                let file = try #require(InstalledTree.identity(tree.program))
                #expect(InstalledTree.identity("/proc/\(master)/exe") == file)
                let worker = try #require(try scene.proxy.serving().first)
                #expect(InstalledTree.identity("/proc/\(worker)/exe") == file)
            }
            let history = try scene.reloadLog().attempts.count
            #expect(history == 3)
            // Back to a release that knows only the older form of the state, and from there to ours.
            try upgrade(to: try tree.release(saying: "mwproxy state 3 messages 4"))
            try upgrade(to: try tree.anotherBuild(), finding: .leftSocket)
            // A release that shares no form is refused, and what runs goes on.
            let serving = try scene.proxy.serving()
            try upgrade(to: try tree.release(saying: "mwproxy state 9 messages 9"), succeeds: false)
            #expect(try scene.proxy.serving() == serving)
            let reason = try #require(try scene.reloadLog().attempts.last?.reason)
            #expect(reason.contains("it reads state 9, messages 9, this one writes state 3 5, messages 4"))
            try upgrade(to: try tree.anotherBuild())
            let successes = try scene.reloadLog().attempts.filter { $0.result == .success }
            #expect(successes.count == history + 3)

            scene.expectNothingFailed(try scene.finishTraffic())
        }
    }
}
