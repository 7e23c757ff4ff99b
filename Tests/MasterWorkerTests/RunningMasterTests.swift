// The real binary: reloads by signal and CLI, every kind of failure, storms, and all ways to end.

import Glibc
import TestSupport
import Testing
import Unix

@testable import MasterWorker

@Suite(.serialized) struct RunningMasterTests {
    // MARK: Reloads

    @Test func reloadsByEverySenderServeTheNewFile() throws {
        let master = try RunningMaster()
        #expect(master.get() == "one")
        try master.configure(frontend: Answer.text("two"))
        master.program.signal(SIGUSR2)
        try wait(for: "the second file") { master.get() == "two" }
        try master.configure(frontend: Answer.text("three"))
        let reply = try master.ask("reload")
        #expect(reply.hasPrefix("Success=1\n--\n[NOTICE]   (\(master.pid)) : Reloading HAProxy\n"))
        #expect(reply.contains("Loading success.\n"))
        #expect(master.get() == "three")
        try master.configure(frontend: Answer.text("four"))
        master.program.signal(SIGHUP)
        try wait(for: "the fourth file") { master.get() == "four" }
        try wait(for: "the old workers to leave") { master.children.count == 1 }
        #expect(try master.ask("@1 show info").contains("Process_num: 4\n"))
        #expect(try master.ask("show proc").contains("3 [failed: 0]"))
    }

    @Test(arguments: ["bad file", "missing file", "taken port", "no listener"])
    func aFailedReloadLeavesTheOldWorkerAlone(_ kind: String) throws {
        let notices = try ScratchFolder()
        let notify = try NotifySocket(in: notices)
        let master = try RunningMaster(notify: notify)
        let worker = try #require(master.current)
        let squatter = try Socket.stream(for: .ipv4(0x7F00_0001, port: 0))
        try Socket.bind(squatter, to: .ipv4(0x7F00_0001, port: 0))
        try Socket.listen(squatter, backlog: 1)
        let taken = Int(try Socket.localAddress(squatter.raw).port!)
        switch kind {
        case "bad file": try master.configure(frontend: "    http-reqest deny")
        case "missing file": unlink(master.file)
        case "taken port":
            try master.configure(frontend: "    bind 127.0.0.1:\(taken)\n" + Answer.text("two"))
        default: try master.folder.write("m.cfg", "defaults\n    mode http\n")
        }
        let reply = try master.ask("reload")
        #expect(reply.hasPrefix("Success=0\n--\n"))
        #expect(reply.contains("[ALERT]"))
        #expect(reply.contains("Loading failure!\n"))
        #expect(reply.contains("reload 1 failed; worker \(worker) stays current\n"))
        #expect(try master.ask("show startup-logs").contains("Loading failure!"))
        #expect(try master.ask("show proc").contains("1 [failed: 1]"))
        #expect(master.get() == "one")
        #expect(master.children == [worker])
        #expect(try master.ask("@1 show info").contains("Stopping: 0\n"))
        notify.receive()
        #expect(notify.messages.last?.text == "READY=1\nSTATUS=Reload failed!\n")
        try master.configure(frontend: Answer.text("good"))
        #expect(try master.ask("reload").hasPrefix("Success=1"))
        #expect(master.get() == "good")
        #expect(try master.ask("show proc").contains("2 [failed: 0]"))
    }

    /// Others have the port as well, on addresses that nobody wants.
    @Test func whoeverHasTheAddressIsNamed() throws {
        let master = try RunningMaster()
        let innocent = try PortHolder(at: "127.0.0.3")
        let holder = try PortHolder(at: "127.0.0.2", port: innocent.port)
        try master.configure(frontend: "    bind 127.0.0.2:\(holder.port)\n" + Answer.text("two"))
        let reply = try master.ask("reload")
        #expect(reply.hasPrefix("Success=0"))
        #expect(
            reply.contains("for [127.0.0.2:\(holder.port)]: sleep (pid \(holder.pid)) has it\n"), "\(reply)")
    }

    /// The worker ends before the master, which is held up, has heard why; and an admin client was on its way to it.
    @Test func theLastWordsOfAWorkerAreHeardLate() throws {
        let master = try RunningMaster()
        let worker = try #require(master.current)
        let holder = try PortHolder(at: "127.0.0.1")
        let page = master.folder.file("late.http")
        #expect(mkfifo(page, 0o600) == 0)
        try master.configure(
            frontend: "    errorfile 503 \(page)\n    bind 127.0.0.1:\(holder.port)\n" + Answer.text("two"))
        master.program.signal(SIGUSR2)
        // The load waits for the page: whoever can open it for writing has a reader.
        let late = try wait(for: "the load") { () -> Int32? in
            let raw = open(page, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            return raw < 0 ? nil : raw
        }
        let loading = try #require(master.children.first { $0 != worker })
        let client = try Connection(to: .unix(path: master.folder.file("m.sock")))
        try client.send("@!\(loading) show info\n")
        // It answers the next one after it has passed on the first.
        _ = try master.ask("show proc")
        master.program.signal(SIGSTOP)
        #expect(write(late, "HTTP/1.0 503 no\r\n\r\n", 19) == 19)
        close(late)
        try wait(for: "the end of the worker") {
            (try? File.readText("/proc/\(loading)/stat"))?.contains(") Z ") == true
        }
        master.program.signal(SIGCONT)
        try master.wait(forLine: "stays current")
        let log = try master.ask("show startup-logs")
        #expect(log.contains("(Address already in use) for [127.0.0.1:\(holder.port)]"), "\(log)")
    }

    @Test func aBrokenBinaryIsFoundOutBeforeTheExec() throws {
        let folder = try ScratchFolder()
        let link = folder.file("haproxy")
        symlink(try TestSupport.Program.ours("mwproxy"), link)
        let master = try RunningMaster(path: link, in: folder)
        let worker = try #require(master.current)
        for broken in ["/bin/true", "/bin/false", folder.file("nothing")] {
            unlink(link)
            symlink(broken, link)
            let reply = try master.ask("reload")
            #expect(reply.hasPrefix("Success=0\n--\n"))
            #expect(reply.contains("worker \(worker) stays current"))
        }
        #expect(master.get() == "one")
        unlink(link)
        symlink(try TestSupport.Program.ours("mwproxy"), link)
        #expect(try master.ask("reload").hasPrefix("Success=1"))
    }

    /// `argv[0]` is only a name: what is executed again is the program that runs.
    @Test func theNameItIsCalledByDoesNotChooseTheBinary() throws {
        let master = try RunningMaster(called: "true")
        #expect(try master.ask("reload").hasPrefix("Success=1"))
        #expect(try File.readText("/proc/\(master.pid)/comm") == "mwproxy\n")
        #expect(try File.readText("/proc/\(master.pid)/cmdline").hasPrefix("true\0-Ws\0"))
    }

    /// Unix paths too: nothing new appears, and what stood at a path before the reload still answers.
    @Test func aFailedReloadLeavesEveryPathAsItWas() throws {
        let master = try RunningMaster()
        let foreign = try Socket.stream(for: .unix(path: master.folder.file("foreign.sock")))
        try Socket.bind(foreign, to: .unix(path: master.folder.file("foreign.sock")))
        try Socket.listen(foreign, backlog: 5)
        let squatter = try Socket.stream(for: .ipv4(0x7F00_0001, port: 0))
        try Socket.bind(squatter, to: .ipv4(0x7F00_0001, port: 0))
        try Socket.listen(squatter, backlog: 1)
        let taken = Int(try Socket.localAddress(squatter.raw).port!)
        let names = try File.names(in: master.folder.path)
        let binds = ["new.sock", "foreign.sock", "admin.sock"].map {
            "    bind \(master.folder.file($0))\n"
        }
        try master.configure(
            frontend: binds.joined() + "    bind 127.0.0.1:\(taken)\n" + Answer.text("two"))
        #expect(try master.ask("reload").hasPrefix("Success=0"))
        #expect(try File.names(in: master.folder.path) == names)
        _ = try Connection(to: .unix(path: master.folder.file("foreign.sock")))
        var status = pollfd(fd: foreign.raw, events: Int16(POLLIN), revents: 0)
        #expect(poll(&status, 1, 5000) == 1)
        #expect(try AdminClient.ask(master.folder.file("admin.sock"), "show info").contains("Name: "))
        // The same path in a load that succeeds is taken over.
        try master.configure(frontend: binds[0] + binds[1] + Answer.text("two"))
        #expect(try master.ask("reload").hasPrefix("Success=1"))
        for name in ["new.sock", "foreign.sock"] {
            let client = try Connection(to: .unix(path: master.folder.file(name)))
            #expect(try RunningMaster.exchange(client) == "two")
        }
    }

    /// The port is the proxy's own: the address may change, and several may share it.
    @Test func theAddressOfAPortChangesOverAReload() throws {
        let folder = try ScratchFolder()
        let port = try freePort()
        let master = try RunningMaster(
            frontend: "    bind 127.0.0.1:\(port)\n" + Answer.text("one"), in: folder)
        #expect(master.get(port) == "one")
        for (body, binds) in [
            ("two", ["*:\(port)"]), ("three", ["*:\(port)", "127.0.0.1:\(port)", "127.0.0.2:\(port)"]),
            ("four", ["127.0.0.1:\(port)"]),
        ] {
            let lines = binds.map { "    bind \($0)\n" }.joined()
            try master.configure(frontend: lines + Answer.text(body))
            #expect(try master.ask("reload").hasPrefix("Success=1"))
            try wait(for: "the new file on the port") { master.get(port) == body }
        }
    }

    /// HAProxy fills the names up with NULs; clients that do the same must get through.
    @Test func abstractNamesAreHAProxys() throws {
        let name = "mwproxy-tests-\(getpid())"
        let master = try RunningMaster(
            flags: ["-W", "-S", "abns@\(name),level,user"],
            frontend: "    bind abns@\(name)-f\n" + Answer.text("one"))
        let client = try Connection(to: .paddedAbstract(name: "\(name)-f"))
        #expect(try RunningMaster.exchange(client) == "one")
        let admin = try Connection(to: .paddedAbstract(name: name))
        try admin.send("reload\n")
        admin.endSending()
        #expect(try admin.readToEnd() == "Permission denied\n\n")
        #expect(try master.ask("show cli sockets").contains("abns@\(name) user master\n"))
    }

    /// A pipe that nobody reads fills up; neither reloads nor requests nor the end wait for it.
    @Test func anUnreadStandardErrorStallsNobody() throws {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        try setNonBlocking(writing.raw)
        var filled = 0
        while write(writing.raw, [UInt8](repeating: 46, count: 4096), 4096) > 0 { filled += 4096 }
        #expect(fcntl(writing.raw, F_SETFL, 0) == 0)
        let master = try RunningMaster(
            frontend: "    log stderr format raw local0\n    option httplog\n" + Answer.text("one"),
            inherited: [(writing.raw, 2)])
        for _ in 1...20 { #expect(master.get() == "one") }
        #expect(try master.ask("reload").hasPrefix("Success=1"))
        try master.folder.write("m.cfg", String(repeating: "garbage\n", count: 60))
        #expect(try master.ask("reload").hasPrefix("Success=0"))
        #expect(master.get() == "one")
        // There is room again: the master says that something is missing.
        var taken = [UInt8](repeating: 0, count: filled)
        #expect(read(reading.raw, &taken, filled) > 0)
        _ = try master.ask("reload")
        try setNonBlocking(reading.raw)
        let count = read(reading.raw, &taken, filled)
        #expect(String(decoding: taken[..<max(0, count)], as: UTF8.self).contains("lines were lost here"))
        master.program.signal(SIGTERM)
        #expect(try master.program.end() == .exited(0))
    }

    @Test func aTargetThatIsGoneEndsTheSession() throws {
        let master = try RunningMaster()
        let reply = try master.ask("@!999999 show info; show version")
        #expect(reply == "Can't find the target PID matching the prefix '@!999999'\n")
    }

    /// A load that waits for its file is looked at: it has stepped back, the worker that serves has not.
    @Test func aLoadLetsTheTrafficGoFirst() throws {
        let master = try RunningMaster()
        let usual = try #require(Self.nice(of: getpid()))
        let old = try #require(master.current)
        let text = try File.readText(master.file)
        unlink(master.file)
        try #require(mkfifo(master.file, 0o600) == 0)
        master.program.signal(SIGUSR2)
        // Opens when the new worker reads it.
        let file = Descriptor(owning: open(master.file, O_WRONLY | O_CLOEXEC))
        try #require(file.raw >= 0)
        let loading = try #require(master.children.first { $0 != old })
        let mayReturn = geteuid() == 0
        #expect(Self.nice(of: loading) == (mayReturn ? usual + 5 : usual))
        #expect(Self.nice(of: master.pid) == (mayReturn ? usual + 5 : usual))
        #expect(Self.nice(of: old) == usual)
        try File.writeAll(file.raw, text.utf8)
        _ = consume file
        try master.wait(forLine: "New worker (\(loading)) forked")
        try wait(for: "the load to end") { Self.nice(of: master.pid) == usual }
        #expect(Self.nice(of: loading) == usual)
    }

    private static func nice(of pid: pid_t) -> Int? {
        guard let stat = try? File.readText("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else {
            return nil
        }
        let fields = stat[end...].split(separator: " ")
        return fields.count > 17 ? Int(fields[17]) : nil
    }

    @Test func aStormOfSignalsUnderTrafficLosesNothing() throws {
        let master = try RunningMaster()
        var answers = 0
        for number in 1...60 {
            try master.configure(frontend: Answer.text("file \(number)"))
            master.program.signal(SIGUSR2)
            poll(nil, 0, Int32(number * 7 % 40 + 5))
            for _ in 0..<3 {
                let body = master.get()
                #expect(body?.hasPrefix(body == "one" ? "one" : "file ") == true)
                if body != nil { answers += 1 }
            }
        }
        #expect(answers == 180)
        try wait(for: "the last file") { master.get() == "file 60" }
        try wait(for: "the old workers to leave") { master.children.count == 1 }
        #expect(try master.ask("show proc").contains("[failed: 0]"))
    }

    @Test func eachWhoAsksGetsALoadThatBeganAfterAsking() throws {
        let master = try RunningMaster()
        let clients = try (0..<5).map { _ in
            let client = try Connection(to: .unix(path: master.folder.file("m.sock")))
            try client.send("reload\n")
            client.endSending()
            return client
        }
        for client in clients { #expect(try client.readToEnd().hasPrefix("Success=1\n--\n")) }
        // The first alone, and one for those who came during it.
        let table = try master.ask("show proc")
        #expect(table.contains(" 2 [failed: 0]") || table.contains(" 1 [failed: 0]"))
    }

    @Test func removedListenersServeTheirQueueAndClose() throws {
        let folder = try ScratchFolder()
        let extra = try freePort()
        let master = try RunningMaster(
            frontend: "    bind 127.0.0.1:\(extra)\n" + Answer.text("one"), in: folder)
        #expect(master.get(extra) == "one")
        let worker = try #require(master.current)
        // What is queued while the worker cannot accept is served by it all the same.
        kill(worker, SIGSTOP)
        let queued = try (0..<10).map { _ in try master.connect(extra) }
        try master.configure(frontend: Answer.text("two"))
        master.program.signal(SIGUSR2)
        try wait(for: "the new worker") { master.current != worker && master.current != nil }
        kill(worker, SIGCONT)
        for client in queued { #expect(try RunningMaster.exchange(client) == "one") }
        try wait(for: "the removed port to refuse") { (try? master.connect(extra)) == nil }
        #expect(master.get() == "two")
    }

    // MARK: Old workers

    @Test func aHardStopEndsAHeldConnectionAtItsTime() throws {
        let master = try RunningMaster(global: "    hard-stop-after 1s")
        let worker = try #require(master.current)
        let held = try master.connect()
        try held.send("GET / HTTP/1.1\r\nHost")
        try wait(for: "the connection") {
            try master.ask("@1 show info").contains("CurrConns: 1\n")
        }
        let began = Instant.now()
        #expect(try master.ask("reload").hasPrefix("Success=1"))
        try master.wait(forLine: "Former worker (\(worker)) exited with code 0 (Exit)")
        let span = Instant.now() - began
        #expect(span > .milliseconds(950))
        #expect(master.program.errors.contains("performing a hard-stop"))
    }

    @Test func aStuckWorkerIsKilledASecondAfterItsHardStopAlsoOverAnotherReload() throws {
        let master = try RunningMaster(global: "    hard-stop-after 1s")
        let worker = try #require(master.current)
        let held = try master.connect()
        try held.send("GET / HTTP/1.1\r\nHost")
        try wait(for: "the connection") { try master.ask("@1 show info").contains("CurrConns: 1\n") }
        let began = Instant.now()
        kill(worker, SIGSTOP)
        for _ in 1...2 { #expect(try master.ask("reload").hasPrefix("Success=1")) }
        try master.wait(forLine: "Former worker (\(worker)) exited with code 137 (Killed)")
        let span = Instant.now() - began
        #expect(span > .milliseconds(1900))
    }

    @Test func maxReloadsEndsAnOldWorkerWithSIGTERM() throws {
        let master = try RunningMaster(global: "    mworker-max-reloads 1")
        let worker = try #require(master.current)
        let held = try master.connect()
        try held.send("GET / HTTP/1.1\r\nHost")
        try wait(for: "the connection") { try master.ask("@1 show info").contains("CurrConns: 1\n") }
        #expect(try master.ask("reload").hasPrefix("Success=1"))
        #expect(master.children.contains(worker))
        // What an operator sees of it meanwhile.
        try wait(for: "the old worker's title") {
            let title = try TestSupport.Program.run("/bin/ps", ["-o", "args=", "-p", "\(worker)"])
            return title.line.hasSuffix("m.cfg [was: 1]")
        }
        let processes = try master.ask("show proc")
        #expect(processes.contains("# old workers\n\(worker)") && processes.contains("[was: 1]"))
        #expect(try master.ask("@!\(worker) show info").contains("Stopping: 1\n"))
        #expect(try master.ask("reload").hasPrefix("Success=1"))
        try master.wait(forLine: "Former worker (\(worker)) exited with code 143 (Terminated)")
    }

    @Test func aKilledOldWorkerIsOnlyALine() throws {
        let master = try RunningMaster()
        let worker = try #require(master.current)
        let held = try master.connect()
        try held.send("GET / HTTP/1.1\r\nHost")
        try wait(for: "the connection") { try master.ask("@1 show info").contains("CurrConns: 1\n") }
        #expect(try master.ask("reload").hasPrefix("Success=1"))
        kill(worker, SIGKILL)
        try master.wait(forLine: "Former worker (\(worker)) exited with code 137 (Killed)")
        #expect(master.get() == "one")
    }

    /// Whoever starts a daemon through a pipe waits for its end; a `chroot` hides /dev/null.
    @Test(.enabled(if: geteuid() == 0), arguments: [["-D"], ["-D", "-W"]])
    func aDaemonLetsGoOfItsStreamsAlsoBehindAChroot(_ flags: [String]) throws {
        let folder = try ScratchFolder("daemon-")
        chmod(folder.path, 0o755)
        try folder.write(
            "m.cfg",
            RunningMaster.text(
                port: try freePort(),
                global: "    chroot \(folder.path)\n    user nobody\n    pidfile \(folder.file("pid"))",
                frontend: Answer.text("one"), folder: folder))
        let started = try TestSupport.Program.run(
            TestSupport.Program.ours("mwproxy"), flags + ["-f", folder.file("m.cfg")])
        #expect(started.end == .exited(0))
        let text = try File.readText(folder.file("pid"))
        let pid = try #require(pid_t(text.dropLast()))
        defer { kill(pid, SIGTERM) }
        let children = try File.readText("/proc/\(pid)/task/\(pid)/children")
        for process in [pid] + children.split(separator: " ").compactMap({ pid_t($0) }) {
            try wait(for: "the streams of \(process) to be closed") {
                (0...2).allSatisfy { link(of: $0, in: process) == "/dev/null" }
            }
        }
    }

    private func link(of descriptor: Int, in pid: pid_t) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes {
            readlink(
                "/proc/\(pid)/fd/\(descriptor)", $0.baseAddress!.assumingMemoryBound(to: CChar.self), 256)
        }
        return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
    }

    // MARK: Ends

    @Test(arguments: zip([SIGTERM, SIGINT, SIGUSR1], [Int32(0), 130, 0]))
    func signalsEndMasterAndWorkers(signal: Int32, code: Int32) throws {
        let master = try RunningMaster()
        let workers = master.children
        master.program.signal(signal)
        #expect(try master.program.end() == .exited(code))
        #expect(workers.allSatisfy { kill($0, 0) != 0 })
        #expect(master.program.errors.contains("Exiting Master process..."))
        #expect(master.program.errors.contains("All workers exited. Exiting... (\(code))"))
    }

    @Test func theServingWorkersDeathEndsTheMasterWithItsCode() throws {
        let master = try RunningMaster()
        let worker = try #require(master.current)
        kill(worker, SIGKILL)
        #expect(try master.program.end() == .exited(137))
        #expect(
            master.program.errors.contains("[ALERT]    (\(master.pid)) : Current worker (\(worker)) exited"))
    }

    @Test func workersDoNotOutliveAKilledMaster() throws {
        let master = try RunningMaster()
        let worker = try #require(master.current)
        master.program.signal(SIGKILL)
        try wait(for: "the worker to end") { kill(worker, 0) != 0 || isZombie(worker) }
    }

    private func isZombie(_ pid: pid_t) -> Bool {
        ((try? File.readText("/proc/\(pid)/stat")) ?? "").components(after: ") ").first?.hasPrefix("Z")
            == true
    }

    // MARK: What others see

    @Test func theServiceManagerHearsHAProxysDatagrams() throws {
        let notices = try ScratchFolder()
        let notify = try NotifySocket(in: notices)
        let master = try RunningMaster(notify: notify)
        #expect(try master.ask("reload").hasPrefix("Success=1"))
        master.program.signal(SIGTERM)
        try master.program.end()
        notify.receive()
        let texts = notify.messages.map(\.text)
        try #require(texts.count == 4)
        let ready = "READY=1\nMAINPID=\(master.pid)\nSTATUS=Ready.\n"
        #expect(texts[0] == ready)
        #expect(texts[1].hasPrefix("RELOADING=1\nSTATUS=Reloading Configuration.\nMONOTONIC_USEC="))
        #expect(texts[2] == ready)
        #expect(texts[3] == "STOPPING=1")
    }

    @Test func newAdminConnectionsReachTheNewWorker() throws {
        let master = try RunningMaster()
        for number in 2...6 {
            #expect(try master.ask("reload").hasPrefix("Success=1"))
            let info = try AdminClient.ask(master.folder.file("admin.sock"), "show info")
            #expect(info.contains("Process_num: \(number)\n"))
            #expect(info.contains("Stopping: 0\n"))
        }
    }

    @Test func thePIDFileIsThatOfHAProxy() throws {
        let folder = try ScratchFolder()
        let master = try RunningMaster(flags: ["-W", "-p", folder.file("pid")], in: folder)
        try wait(for: "the pid file") {
            (try? File.readText(folder.file("pid"))) == "\(master.pid)\n"
        }
        #expect(try master.ask("reload").hasPrefix("Success=1"))
        #expect(try File.readText(folder.file("pid")) == "\(master.pid)\n")
    }

    @Test func theMasterCLIReachesEveryProcess() throws {
        let master = try RunningMaster()
        let worker = try #require(master.current)
        let client = try Connection(to: .unix(path: master.folder.file("m.sock")))
        try client.send("prompt\n")
        _ = try client.read(until: "master> ")
        try client.send("@1\n")
        _ = try client.read(until: "\(worker)> ")
        try client.send("show info\n")
        #expect(try client.read(until: "\(worker)> ").contains("Pid: \(worker)\n"))
        // The session lives on over a reload of its own.
        try client.send("@master\nreload\n")
        #expect(try client.read(until: "Loading success.\n\nmaster> ").contains("Success=1\n--\n"))
        try client.send("@1 show info\n")
        let next = try #require(master.current)
        #expect(try client.read(until: "master> ").contains("Pid: \(next)\n"))
        #expect(try !master.ask("@1 show env").contains("MWPROXY"))
        try client.send("@master show version;@!1 show info\n")
        let last = try client.readToEnd()
        #expect(last.contains("0.1.0\n"))
        #expect(last.hasSuffix("Can't find the target PID matching the prefix '@!1'\n"))
    }

    @Test(arguments: [["-D", "-W"], ["-D"]])
    func aDaemonTellsHowItsStartWent(_ flags: [String]) throws {
        let folder = try ScratchFolder()
        let pidFile = folder.file("pid")
        let master = try RunningMaster(flags: flags + ["-p", pidFile], in: folder, waits: false)
        #expect(try master.program.end() == .exited(0))
        let daemon = try #require(pid_t(try File.readText(pidFile).dropLast()))
        defer { kill(daemon, SIGKILL) }
        #expect(master.get() == "one")
        #expect(getsid(daemon) == daemon)
        kill(daemon, SIGTERM)
        try wait(for: "the daemon to end") { kill(daemon, 0) != 0 }
        try folder.write("m.cfg", "nonsense\n")
        let failed = try TestSupport.Program.run(
            TestSupport.Program.ours("mwproxy"), flags + ["-f", folder.file("m.cfg")])
        #expect(failed.end == .exited(1))
        #expect(failed.errors.contains("[ALERT]"))
    }

    @Test func withoutAMasterSIGUSR2SaysThatItDoesNotReload() throws {
        let folder = try ScratchFolder()
        let alone = try RunningMaster(flags: ["-db"], in: folder, waits: false)
        try wait(for: "the port") { alone.get() == "one" }
        alone.program.signal(SIGUSR2)
        try alone.wait(forLine: "SIGUSR2 does not reload")
        #expect(alone.get() == "one")
        alone.program.signal(SIGTERM)
        #expect(try alone.program.end() == .killed(signal: SIGTERM))
    }
}
