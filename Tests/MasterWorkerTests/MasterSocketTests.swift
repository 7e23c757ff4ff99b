// `-S` and sd_notify: text in, text out.

import Testing
import Unix

@testable import MasterWorker

@Suite struct MasterSocketTests {
    @Test func addressesAndOptions() throws {
        let socket = try MasterSocket("/run/m.sock,mode,600,level,operator,user,haproxy,group,adm")
        #expect(socket.address == .unix(path: "/run/m.sock"))
        #expect(socket.level == .operator)
        #expect(socket.mode == 0o600)
        #expect(socket.user == "haproxy")
        #expect(socket.group == "adm")
        #expect(try MasterSocket("127.0.0.1:99").address == SocketAddress(numeric: "127.0.0.1", port: 99))
        #expect(try MasterSocket("[::1]:99").address == SocketAddress(numeric: "::1", port: 99))
        #expect(try MasterSocket("ipv6@:99").address == SocketAddress(numeric: "::", port: 99))
        #expect(try MasterSocket("abns@x").address == .paddedAbstract(name: "x"))
        #expect(try MasterSocket("unix@m.sock").level == .admin)
        #expect(try MasterSocket("unix@m.sock").seen(from: "/x").address == .unix(path: "/x/m.sock"))
        #expect(try MasterSocket("/m.sock").seen(from: "/x").address == .unix(path: "/m.sock"))
    }

    @Test(arguments: ["", "x", "1.2.3.4:0", "/a,level", "/a,level,root", "/a,mode,9", "/a,colour,red"])
    func faultsAreNamed(_ argument: String) {
        #expect(throws: MasterSocket.Fault.self) { try MasterSocket(argument) }
    }

    /// The datagrams of HAProxy 3.5 (`sd_notify.txt` of the captures).
    @Test func notifications() {
        let now = Instant(nanoseconds: 2_050_631_221_000)
        func text(_ status: ServiceStatus) -> String {
            ServiceNotifier.text(status, pid: 2869, monotonic: now)
        }
        #expect(text(.ready) == "READY=1\nMAINPID=2869\nSTATUS=Ready.\n")
        #expect(
            text(.reloading)
                == "RELOADING=1\nSTATUS=Reloading Configuration.\nMONOTONIC_USEC=2050631221\n")
        #expect(text(.reloadFailed) == "READY=1\nSTATUS=Reload failed!\n")
        #expect(text(.stopping) == "STOPPING=1")
    }
}
