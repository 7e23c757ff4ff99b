// What the master says of a load, beside real HAProxy: the same lines in the same order.

import Glibc
import TestSupport
import Testing
import Unix

extension RunningMasterTests {
    @Test(arguments: ["unknown keyword", "taken port", "missing file"])
    func aFailedFirstStartSaysWhatHAProxySays(_ failure: String) throws {
        let folder = try ScratchFolder()
        let squatter = try Squatter()
        try folder.write(
            "m.cfg", file(port: failure == "taken port" ? squatter.port : try freePort(), failure))
        let path = failure == "missing file" ? folder.file("none.cfg") : folder.file("m.cfg")
        func errors(of program: String) throws -> [String] {
            let run = try TestSupport.Program.run(program, ["-W", "-f", path])
            #expect(run.end == .exited(1))
            return lines(run.errors)
        }
        let ours = try errors(of: TestSupport.Program.ours("mwproxy"))
        #expect(ours == (try errors(of: TestSupport.Program.system("haproxy"))), "\(failure)")
    }

    /// A load that fails, one that succeeds with a warning, and the end.
    @Test func reloadsSayWhatHAProxySays() throws {
        func errors(of kind: ProxyKind) throws -> [String] {
            let port = try freePort()
            let proxy = try RunningProxy(kind) { _ in file(port: port) }
            func wait(forLine text: String, count: Int = 1) throws {
                try TestSupport.wait(for: "'\(text)' in \(proxy.program.errors)") {
                    proxy.program.errors.split(separator: "\n").count { $0.contains(text) } >= count
                }
            }
            try proxy.configure(file(port: port, "unknown keyword"))
            proxy.program.signal(SIGUSR2)
            try wait(forLine: "Loading failure!")
            // HAProxy loses a request that comes while its master is being executed again.
            try TestSupport.wait(for: "the master") { try !proxy.serving().isEmpty }
            try proxy.configure(file(port: port, "missing timeout"))
            proxy.program.signal(SIGUSR2)
            try wait(forLine: "Loading success.", count: 2)
            try wait(forLine: "Former worker")
            proxy.program.signal(SIGTERM)
            try proxy.program.end()
            let workers = ["Proxy ", "stays current"]
            return lines(proxy.program.errors).filter { line in !workers.contains { line.contains($0) } }
        }
        #expect(try errors(of: .mwproxy) == errors(of: .haproxy))
    }

    private func file(port: Int, _ fault: String = "") -> String {
        """
        defaults
            mode http
            \(fault == "missing timeout" ? "" : "timeout client 1s")
        frontend f
            bind 127.0.0.1:\(port)
            \(fault == "unknown keyword" ? "bogus" : "")

        """
    }

    /// Without what differs by nature: numbers, the program's name and version, folders, and who has a taken port,
    /// which only mwproxy says.
    private func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            var line = line.replacing(/\(\d+\)/, with: "(N)").replacing(/127\.0\.0\.1:\d+/, with: "ADDRESS")
            line = line.replacing(/(mwproxy|haproxy) version is .*/, with: "version")
            line = line.replacing(/path to executable is .*/, with: "path")
            line = line.replacing(/: \S+ \(pid \d+\) has it$/, with: "")
            return String(line.replacing(/\/[^ \]:]*\//, with: "").replacing("haproxy", with: "mwproxy"))
        }
    }
}

/// Somebody else's listening socket.
final class Squatter {
    private let socket: Descriptor
    let port: Int

    init() throws {
        let address = SocketAddress.ipv4(0x7F00_0001, port: 0)
        let socket = try Socket.stream(for: address)
        try Socket.bind(socket, to: address)
        try Socket.listen(socket, backlog: 1)
        port = Int(try Socket.localAddress(socket.raw).port!)
        self.socket = consume socket
    }
}
