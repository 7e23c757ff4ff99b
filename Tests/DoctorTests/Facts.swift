// Facts made by hand: a good system, to be spoilt in one point by each test.

import ConfigLanguage
import ReloadModel
import TestSupport
import Unix

@testable import Doctor

enum Facts {
    static let unseen = Unknown("not looked at in this test")

    static let good = SoundConfiguration.text(
        adminSocket: "/run/haproxy/admin.sock", port: 8000, serverPort: 9000)

    static func of(_ text: String = good, change: (inout SystemFacts) -> Void = { _ in }) -> SystemFacts {
        let outline = ConfigurationOutline([("/etc/haproxy/haproxy.cfg", Array(text.utf8))])
        var facts = SystemFacts(
            now: 0, program: .haproxy, version: .known("2.6.12-1"), master: 7,
            arguments: ["haproxy", "-Ws", "-f", "/etc/haproxy/haproxy.cfg", "-S", "/run/master.sock"],
            localPeer: "lb-3", inForce: .known(outline), inForceIsGuessed: nil, onDisk: .known(outline),
            changedFiles: .known([]),
            test: .known(ConfigurationTest(command: "haproxy -c", exitCode: 0, lines: [])),
            unit: .known(nil), workers: [], reloadsInLastHour: 0, sessions: .known([]),
            listeners: .known([
                ListenerFact(address: .ipv4(0x7f00_0001, port: 8000), isOurs: true)
            ]), adminSockets: [], limits: .known([]), tls: .known(TLSFacts()))
        change(&facts)
        return facts
    }

    static func old(_ pid: Int32, age: Double) -> WorkerSample {
        WorkerSample(
            pid: pid, state: .draining, generation: .known(1), was: 1, connections: .known(1),
            connectionsPerSecond: .known(0), uptime: age,
            memory: MemorySample(resident: .known(1), proportional: .known(1)), cpuPercent: .known(0),
            killIn: .unknown(unseen), holders: .known([]))
    }

    static func unit(_ text: String) -> ServiceUnit {
        var unit = ServiceUnit(name: "haproxy.service")
        unit.read("/lib/systemd/system/haproxy.service", text)
        return unit
    }
}

extension HealthReport {
    func examination(_ id: String) -> Examination? { examinations.first { $0.id == id } }

    /// The only finding of a point.
    func finding(_ id: String) -> Finding? {
        let findings = examination(id)?.findings ?? []
        return findings.count == 1 ? findings[0] : nil
    }
}
