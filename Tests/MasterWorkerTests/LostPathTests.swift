// Paths of unix sockets that somebody took away, and names that a killed worker left.

import Glibc
import TestSupport
import Testing
import Unix

extension RunningMasterTests {
    enum Loss: CaseIterable {
        /// Nothing stands at the path any more.
        case deleted
        /// Another socket does.
        case replaced
    }

    @Test(arguments: Loss.allCases) func aLostPathIsMadeAgainAndItsQueueServed(_ loss: Loss) throws {
        let folder = try ScratchFolder()
        let path = folder.file("web.sock")
        let admin = folder.file("admin.sock")
        let bind = "    bind \(path) mode 600\n"
        let master = try RunningMaster(frontend: bind + Answer.text("one"), in: folder)
        let worker = try #require(master.current)
        // What is queued while the worker cannot accept.
        kill(worker, SIGSTOP)
        let queued = try (0..<5).map { _ in try Connection(to: .unix(path: path)) }
        let asking = try Connection(to: .unix(path: admin))
        try asking.send("show info\n")
        unlink(path)
        unlink(admin)
        let foreign = try Socket.stream(for: .unix(path: path))
        if loss == .replaced { try Socket.bind(foreign, to: .unix(path: path)) }
        try master.configure(frontend: bind + Answer.text("two"))
        master.program.signal(SIGUSR2)
        try wait(for: "the new worker") { master.current != worker && master.current != nil }
        let new = try #require(master.current)
        #expect(try RunningMaster.exchange(Connection(to: .unix(path: path))) == "two")
        #expect(try AdminClient.ask(admin, "show info").contains("\nPid: \(new)\n"))
        kill(worker, SIGCONT)
        for client in queued { #expect(try RunningMaster.exchange(client) == "one") }
        #expect(try asking.readToEnd().contains("\nPid: \(worker)\n"))
        // From here on the new sockets are inherited as usual.
        let identity = FileIdentity(of: path)
        #expect(try master.ask("reload").hasPrefix("Success=1"))
        #expect(FileIdentity(of: path) == identity)
        #expect(try RunningMaster.exchange(Connection(to: .unix(path: path))) == "two")
        #expect(try master.ask("@1 show cli sockets").contains("unix@\(admin) admin all\n"))
    }

    @Test func namesThatAKilledProcessLeftAreRemoved() throws {
        let folder = try ScratchFolder()
        let path = folder.file("web.sock")
        // No process has the highest number that the kernel gives.
        let left = ["\(path).4194304.tmp", "\(path).2.4194304.tmp"]
        for name in left {
            let socket = try Socket.stream(for: .unix(path: name))
            try Socket.bind(socket, to: .unix(path: name))
        }
        let alive = "\(path).\(getpid()).tmp"
        let listening = "\(path).3.4194304.tmp"
        let kept = [alive, listening].map { name -> Int32 in
            guard let socket = try? Socket.stream(for: .unix(path: name)) else { return -1 }
            try? Socket.bind(socket, to: .unix(path: name))
            try? Socket.listen(socket, backlog: 1)
            return socket.release()
        }
        defer { for socket in kept { close(socket) } }
        try folder.write("web.sock.4194304.tmp.txt", "no socket")
        try folder.write("web.sock.old.4194304.tmp", "no socket")
        let master = try RunningMaster(frontend: "    bind \(path)\n" + Answer.text("one"), in: folder)
        #expect(try RunningMaster.exchange(Connection(to: .unix(path: path))) == "one")
        for name in left { #expect(access(name, F_OK) != 0) }
        let others = [alive, listening, path + ".4194304.tmp.txt", path + ".old.4194304.tmp"]
        for name in others { #expect(access(name, F_OK) == 0) }
        _ = master
    }
}
