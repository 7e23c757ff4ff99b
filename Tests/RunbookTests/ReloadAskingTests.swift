// How systemd is asked: a program in place of systemctl tells with which words it was called.

import Glibc
import Observing
import ReloadModel
import TestSupport
import Testing
import Unix

@testable import Runbook

@Suite struct ReloadAskingTests {
    /// It says that the job ended, not what the load brought: the looks tell.
    @Test(arguments: [
        (0, ReloadAsking.State.silent),
        (1, .jobFailed("systemctl reload haproxy.service ended with 1")),
    ])
    func systemdIsAskedToReload(_ code: Int, _ state: ReloadAsking.State) throws {
        let folder = try ScratchFolder("systemctl-")
        let words = folder.file("words")
        let systemctl = try folder.write("systemctl", "#!/bin/sh\necho \"$@\" > \(words)\nexit \(code)\n")
        chmod(systemctl, 0o755)
        let master = RunningMaster(
            pid: getpid(), program: .haproxy, commandLine: "", masterSocket: .unknown(Unknown("none")))
        let asking = ReloadAsking(master, unit: "haproxy.service", proc: ProcTree(), systemctl: systemctl)
        try wait(for: "its end") { asking.proceed() != .underWay }
        #expect(asking.proceed() == state)
        #expect(try File.readText(words) == "--no-ask-password reload haproxy.service\n")
    }

    @Test func noSystemctlOutlivesTheVerdict() throws {
        let folder = try ScratchFolder("systemctl-")
        let systemctl = try folder.write(
            "systemctl",
            "#!/bin/sh\necho $$ > \(folder.path)/part\n"
                + "mv \(folder.path)/part \(folder.path)/pid\nexec sleep 1000\n")
        chmod(systemctl, 0o755)
        let master = RunningMaster(
            pid: getpid(), program: .haproxy, commandLine: "", masterSocket: .unknown(Unknown("none")))
        let asking = ReloadAsking(master, unit: "x.service", proc: ProcTree(), systemctl: systemctl)
        try wait(for: "its number") {
            asking.proceed() == .underWay && access(folder.file("pid"), F_OK) == 0
        }
        let pid = try #require(pid_t(try File.readText(folder.file("pid")).filter(\.isNumber)))
        asking.end()
        #expect(kill(pid, 0) == -1)
        #expect(asking.proceed() == .jobFailed("systemctl reload x.service had not ended"))
    }

    /// Who has sent the whole request may have been heard, however the session ended.
    @Test(arguments: [false, true]) func onlyWhatWasNotSentAskedNobody(isThere: Bool) throws {
        let folder = try ScratchFolder("master-")
        let address = SocketAddress.unix(path: folder.file("m.sock"))
        let listener = try Socket.stream(for: address)
        try Socket.bind(listener, to: address)
        try Socket.listen(listener, backlog: 4)
        let master = RunningMaster(
            pid: getpid(), program: .haproxy, commandLine: "", masterSocket: .known(folder.file("m.sock")))
        let asking = ReloadAsking(master, unit: nil, proc: ProcTree())
        if isThere {
            #expect(asking.proceed() == .underWay)
            let session = accept(listener.raw, nil, nil)
            #expect(session >= 0)
            // With what was asked unread: a reset.
            close(session)
            try wait(for: "the end") { asking.proceed() != .underWay }
            #expect(asking.proceed() == .silent)
        } else {
            close(listener.release())
            #expect(asking.proceed() == .notAsked("the master's admin socket: Connection refused"))
        }
    }

    @Test func aMissingSystemctlAsksNobody() throws {
        let master = RunningMaster(
            pid: getpid(), program: .haproxy, commandLine: "", masterSocket: .unknown(Unknown("none")))
        let asking = ReloadAsking(
            master, unit: "x.service", proc: ProcTree(), systemctl: "/no/such/systemctl")
        #expect(asking.proceed() == .notAsked("systemctl: No such file or directory"))
    }
}
