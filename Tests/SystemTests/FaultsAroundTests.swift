// What a proxy stands on gives way: descriptors, the disk, readers of its logs and of its admin sockets, the clock.

import Demo
import Glibc
import Polling
import TestSupport
import Testing
import Unix

extension FaultSystemTests {
    @Suite struct Around {
        // MARK: Descriptors

        private func limit(_ pid: pid_t, to count: Int) throws {
            let done = try Program.run(
                try Program.system("prlimit"), ["--pid", "\(pid)", "--nofile=\(count):"])
            try #require(done.end == .exited(0), "\(done.errors)")
        }

        /// Clients have taken them all: those that come wait, and the reload takes place with a reserve.
        @Test func aWorkerWithoutDescriptorsHandsEverythingOver() throws {
            let scene = try Scene(
                .mwproxy,
                .init(
                    frontend: "http-request track-sc0 src table seen\n    " + Scene.ownAnswer,
                    sections: """
                        peers mp
                            peer \(Self.host) 127.0.0.1:\(try FreePort.find())
                        backend seen
                            stick-table type ip size 1k expire 10m peers mp store http_req_cnt
                        """))
            let old = try #require(try scene.proxy.serving().first)
            let count = 60
            try limit(old, to: count)
            scene.traffic.start(Load("idle", .idle(clients: count), path: "/own"), to: scene.address)
            try scene.wait(forLine: "out of descriptors or memory (Too many open files) at ")
            // Asked through the master, and learned by the next worker: both need a descriptor of the old one.
            #expect(try scene.proxy.ask("@!\(old) show info").contains("\nPid: \(old)\n"))
            let answered = try #require(scene.traffic.tally("idle")?.succeeded)
            #expect(answered < count)
            try scene.reload()
            try scene.loop.run(for: "those that waited") { scene.traffic.tally("idle")?.succeeded == count }
            let table = try scene.proxy.ask("@1 show table seen")
            #expect(table.contains("http_req_cnt=\(count)"), "\(table)")
            try scene.wait(for: "the old worker to leave") { scene.proxy.children.count == 1 }
            #expect(scene.traffic.tally("idle")?.closedIdle == 0, "all have moved")
            scene.expectNothingFailed(scene.traffic.reports)
        }

        private static let host: String = {
            var name = [CChar](repeating: 0, count: 256)
            gethostname(&name, 255)
            return name.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }()

        /// Not even the reserve can be had: it drains, and its clients stay until their next request.
        @Test func aWorkerThatCanOpenNothingStillDrains() throws {
            let scene = try Scene(.mwproxy, .init(frontend: Scene.ownAnswer))
            let old = try #require(try scene.proxy.serving().first)
            scene.traffic.start(
                Load("kept", .keepAlive(clients: 10, perSecondEach: 10), path: "/own"), to: scene.address)
            try scene.hold(Load("polls", .idle(clients: 3), path: "/poll/1500"))
            try limit(old, to: 3)
            #expect(try scene.proxy.ask("@!\(old) show info").isEmpty)
            try scene.wait(forLine: "out of descriptors: an admin client of the master is not answered")
            let waiting = try (0..<5).map { _ in try scene.ask() }
            try scene.reload()
            try scene.wait(forLine: "out of descriptors: the connections here do not move to the new worker")
            for client in waiting { #expect(try client.readToEnd().hasSuffix("own")) }
            try scene.loop.run(for: "the polls") { scene.traffic.tally("polls")?.succeeded == 3 }
            scene.expectNothingFailed(try scene.finishTraffic())
            let drain = try scene.reloadLog().attempts.flatMap(\.drains).first
            #expect(drain?.moves?.stayed.map(\.reason) == ["no descriptors left"])
        }

        @Test func aMasterWithoutDescriptorsServesAndReloadsLater() throws {
            let scene = try Scene(.mwproxy, .init(frontend: Scene.ownAnswer))
            scene.startLightTraffic()
            let serving = try scene.proxy.serving()
            try limit(scene.proxy.master, to: 3)
            let asker = try Connection(to: .unix(path: scene.proxy.masterSocket))
            try asker.send("show version\n")
            scene.proxy.program.signal(SIGUSR2)
            try scene.wait(forLine: "cannot run: Too many open files")
            try scene.wait(forLine: "reload 1 failed; worker \(serving[0]) stays current")
            try limit(scene.proxy.master, to: 1024)
            // Who waited is answered, without having asked again.
            #expect(try asker.read(until: "\n").contains("."))
            try scene.reload()
            scene.expectNothingFailed(try scene.finishTraffic())
        }

        // MARK: A full disk

        /// Pid file, log and a new socket on a disk without room: serving goes on, and each says what it lacks.
        @Test func aFullDiskKeepsNobodyFromServing() throws {
            let folder = try ScratchFolder("disk-")
            let disk = folder.file("disk")
            mkdir(disk, 0o755)
            // A mount namespace of its own; what is in it is reached through the process.
            let script = """
                mount -t tmpfs -o size=64k,nr_inodes=8 none \(disk) && head -c 1000000 /dev/zero > \(disk)/filler 2>/dev/null
                exec "$@" >> \(disk)/log 2>&1
                """
            let scene = try Scene(
                .mwproxy,
                .init(
                    global: "pidfile \(disk)/pid",
                    defaults: "log stdout format raw local0\n    option httplog", frontend: Scene.ownAnswer),
                in: folder, prefix: [try Program.system("unshare"), "-m", "/bin/sh", "-c", script, "sh"])
            let inside = "/proc/\(scene.proxy.master)/root\(disk)"
            let log = { (try? File.readText("\(inside)/log")) ?? "" }
            #expect(log().isEmpty && access("\(inside)/pid", F_OK) != 0)
            scene.startLightTraffic()
            try scene.loop.run(for: "requests") { scene.traffic.tally("kept")!.succeeded > 50 }
            #expect(try !scene.proxy.ask("@1 show info").contains("\nDroppedLogs: 0\n"))
            // No file can be made there either.
            for number in 1...8 { _ = try? File.write("\(inside)/\(number)", "") }
            try scene.proxy.configure(
                scene.text(edition: 2)
                    + "frontend more\n    bind unix@\(disk)/web.sock\n    default_backend app\n")
            scene.proxy.program.signal(SIGUSR2)
            let words = "cannot bind socket (No space left on device) for [\(disk)/web.sock]"
            try scene.wait(for: "the failure") { try scene.proxy.ask("show startup-logs").contains(words) }
            try scene.wait(for: "its end") { scene.proxy.children.count == 1 }
            // There is room again: nothing has to be started again.
            for name in try File.names(in: inside) where name != "log" { unlink("\(inside)/\(name)") }
            try scene.reload()
            try scene.wait(forEdition: 2)
            try scene.wait(for: "the log") {
                log().contains("lines were lost here: they were not taken") && log().contains("\"GET /own")
            }
            #expect(try File.readText("\(inside)/pid") == "\(scene.proxy.master)\n")
            scene.expectNothingFailed(try scene.finishTraffic())
        }

        /// HAProxy's way with a pid file that cannot be made: no start.
        @Test(arguments: [["-W"], ["-D"], ["-D", "-W"]])
        func aPIDFileThatCannotBeMadeEndsTheStart(_ flags: [String]) throws {
            let folder = try ScratchFolder()
            let port = try FreePort.find()
            try folder.write(
                "a.cfg",
                "defaults\n    mode http\n    timeout client 1s\nfrontend f\n    bind 127.0.0.1:\(port)\n")
            for kind in ProxyKind.allCases {
                let done = try Program.run(
                    try kind.program,
                    flags + ["-f", folder.file("a.cfg"), "-p", folder.file("nowhere/pid")])
                #expect(done.end == .exited(1), "\(kind)")
                #expect(done.errors.contains(".main()] Cannot create pidfile \(folder.file("nowhere/pid"))"))
                try wait(for: "the port to be free") {
                    !ConnectionProbe.answers(.ipv4(0x7f00_0001, port: port))
                }
            }
        }

        // MARK: Readers that do not read

        /// A datagram socket and a pipe: lines that nobody takes are dropped and counted, longer ones than a pipe has room
        /// for as well.
        @Test func logsThatNobodyReadsHoldUpNothing() throws {
            let folder = try ScratchFolder("logs-")
            let address = SocketAddress.unix(path: folder.file("log.sock"))
            let receiver = try Socket.datagram(for: address)
            try Socket.setOption(receiver.raw, SOL_SOCKET, SO_RCVBUF, 1)
            try Socket.bind(receiver, to: address)
            try #require(mkfifo(folder.file("pipe"), 0o600) == 0)
            let scene = try Scene(
                .mwproxy,
                .init(
                    global: "tune.bufsize 32768",
                    defaults:
                        "log \(folder.file("log.sock")) local0\n    log fd@7 len 16384 format raw local0\n"
                        + "    option httplog",
                    frontend: "http-request return status 200 if { path_beg /own }"),
                in: folder, prefix: ["/bin/sh", "-c", "exec \"$@\" 7<>\(folder.file("pipe"))", "sh"])
            let long = "/own" + String(repeating: "x", count: 6000)
            // Room for less than one of them.
            let pipe = Descriptor(owning: open(folder.file("pipe"), O_RDWR | O_NONBLOCK | O_CLOEXEC))
            var page = [UInt8](repeating: 0, count: 4096)
            while write(pipe.raw, page, page.count) > 0 {}
            try #require(read(pipe.raw, &page, page.count) == page.count)
            scene.traffic.start(Load("long", .connections(perSecond: 50), path: long), to: scene.address)
            try scene.loop.run(for: "them") { scene.traffic.tally("long")!.succeeded > 20 }
            scene.startLightTraffic()
            try scene.loop.run(for: "more") { scene.traffic.tally("kept")!.succeeded > 50 }
            let old = try scene.proxy.serving()
            try scene.reload()
            try scene.wait(for: "the old worker to leave") {
                scene.proxy.children.allSatisfy { !old.contains($0) }
            }
            scene.expectNothingFailed(try scene.finishTraffic())
        }

        /// On the worker's socket, on the master's, and on the master's for a reply of a worker. `stats timeout` ends them.
        @Test func adminClientsThatNeverReadHoldUpNothing() throws {
            let folder = try ScratchFolder("admin-")
            try folder.write("names", (1...60_000).map { "name-\($0)-of-many\n" }.joined())
            let scene = try Scene(
                .mwproxy,
                .init(
                    global: "stats timeout 1s",
                    frontend: "http-request deny if { path -f \(folder.file("names")) }\n    "
                        + Scene.ownAnswer),
                in: folder)
            let old = try #require(try scene.proxy.serving().first)
            scene.startLightTraffic()
            let command = "show acl \(folder.file("names"))\n"
            let clients = try [
                (folder.file("worker.sock"), command), (scene.proxy.masterSocket, "@!\(old) " + command),
                (
                    scene.proxy.masterSocket,
                    String(repeating: "show reloads json;show proc;", count: 500) + "\n"
                ),
            ].map { path, text in
                let client = try Connection(to: .unix(path: path))
                try client.send(text)
                client.endSending()
                return client
            }
            try scene.reload()
            try scene.wait(for: "the old worker to leave") { scene.proxy.children.count == 1 }
            try scene.reload()
            // The first two were cut off in the middle; the third is the master's, which waits.
            for client in clients[..<2] { #expect(!(try client.readToEnd()).hasSuffix("\n\n")) }
            #expect(try clients[2].read(until: "\"master\"").contains("\"reloads\""))
            scene.expectNothingFailed(try scene.finishTraffic())
        }

        // MARK: The clock

        /// Shifts what a process sees as the time of day by the seconds in a file.
        private static let shifting = """
            #define _GNU_SOURCE
            #include <fcntl.h>
            #include <stdlib.h>
            #include <sys/mman.h>
            #include <sys/syscall.h>
            #include <sys/time.h>
            #include <time.h>
            #include <unistd.h>
            static volatile long *shift;
            __attribute__((constructor)) static void begin(void) {
                int fd = open(getenv("CLOCK_SHIFT"), O_RDONLY | O_CLOEXEC);
                void *page = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);
                if (page != MAP_FAILED) shift = page;
                close(fd);
            }
            int clock_gettime(clockid_t clock, struct timespec *time) {
                int result = syscall(SYS_clock_gettime, clock, time);
                if (clock == CLOCK_REALTIME && shift) time->tv_sec += *shift;
                return result;
            }
            int gettimeofday(struct timeval *time, void *zone) {
                struct timespec now;
                clock_gettime(CLOCK_REALTIME, &now);
                *time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
                return 0;
            }
            time_t time(time_t *result) {
                struct timespec now;
                clock_gettime(CLOCK_REALTIME, &now);
                if (result) *result = now.tv_sec;
                return now.tv_sec;
            }
            """

        /// A day forth and two days back, during requests, drains, moves and hard stops.
        @Test func aClockThatJumpsMovesNoDeadline() throws {
            let folder = try ScratchFolder("clock-")
            let library = folder.file("clock.so")
            let made = try Program.run(
                try Program.system("clang"),
                ["-shared", "-fPIC", "-o", library, try folder.write("clock.c", Self.shifting)])
            try #require(made.end == .exited(0), "\(made.errors)")
            let file = try folder.write("shift", String(repeating: "\0", count: 8))
            let day = 86_400
            func jump(to seconds: Int) throws {
                let shift = Descriptor(owning: open(file, O_WRONLY | O_CLOEXEC))
                try File.writeAll(shift.raw, withUnsafeBytes(of: Int64(seconds)) { Array($0) })
            }
            let scene = try Scene(
                .mwproxy, hardStop: "3s",
                .init(
                    frontend: "http-request track-sc0 src table seen\n    " + Scene.ownAnswer
                        + "\n    http-request return status 200 content-type text/plain lf-string %[date] if { path /date }",
                    sections: "backend seen\n    stick-table type ip size 1k expire 1m store http_req_cnt"),
                in: folder, environment: ["LD_PRELOAD": library, "CLOCK_SHIFT": file])
            func date() throws -> Int {
                let answer = try scene.ask("/date").readToEnd()
                return try #require(answer.split(separator: "\r\n").last.flatMap { Int($0) }, "\(answer)")
            }
            let start = try date()
            scene.startLightTraffic()
            scene.traffic.start(Load("idle", .idle(clients: 20), path: "/own"), to: scene.address)
            try scene.hold(Load("polls", .idle(clients: 5), path: "/poll/1000"))
            try scene.hold(Load("cut", .idle(clients: 2), path: "/poll/30000", timeout: .seconds(60)))
            try jump(to: day)
            #expect(try date() >= start + day)
            let old = try #require(try scene.proxy.serving().first)
            try scene.reload()
            let ready = Instant.now()
            try jump(to: -day)
            #expect(try date() < start)
            // Finished, not cut by a deadline that has come too soon.
            try scene.loop.run(for: "the polls") { scene.traffic.tally("polls")?.succeeded == 5 }
            try scene.wait(for: "the hard stop") { kill(old, 0) != 0 }
            #expect(Instant.now() - ready > .milliseconds(2900))
            #expect(scene.traffic.tally("cut")?.failed == 2 || scene.traffic.tally("cut")?.underway == 2)
            try scene.reload()
            #expect(scene.traffic.tally("idle")?.closedIdle == 0)
            try scene.loop.run(load: .milliseconds(50))
            try jump(to: day)
            #expect(try scene.proxy.ask("@1 show table seen").contains("key=127.0.0.1 "))
            let log = try scene.reloadLog()
            #expect(
                log.attempts.allSatisfy { $0.phases.allSatisfy { (0..<60_000).contains($0.milliseconds) } })
            for name in ["kept", "new", "idle", "polls"] {
                let tally = try #require(scene.traffic.tally(name))
                #expect(tally.failed == 0, "\(name): \(tally.notes)")
            }
        }
    }
}
