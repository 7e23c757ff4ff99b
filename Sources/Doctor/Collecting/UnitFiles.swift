// Finds the unit files of a systemd service and its drop-ins, as systemd looks for them. No systemd is asked: the
// files are there also in a container and in a rescue system.

import Observing
import ReloadModel
import Unix

package struct UnitFiles {
    /// Highest first: a file in an earlier folder hides one of the same name in a later one.
    private static let folders = [
        "/etc/systemd/system", "/run/systemd/system", "/run/systemd/transient", "/run/systemd/generator",
        "/usr/local/lib/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system",
    ]
    private static let longestFile = 1 << 20

    private let root: String

    /// `root`: where the file system of the host begins; empty for our own.
    package init(root: String = "") {
        self.root = root
    }

    /// The unit that a process runs in; nil: in no service.
    package func unit(of pid: Int32, _ proc: ProcTree) -> Known<ServiceUnit?> {
        do throws(Errno) {
            let text = try File.readText(proc.path(pid, "cgroup"), limit: 1 << 16)
            guard let name = Self.service(in: text) else { return .known(nil) }
            return named(name).map { $0 }
        } catch {
            return .unknown(proc.denied("the control group of process \(pid)", error))
        }
    }

    /// The innermost service of a control group: `0::/system.slice/haproxy.service`.
    static func service(in cgroup: String) -> String? {
        cgroup.split(separator: "\n").lazy.compactMap { line in
            line.split(separator: "/").last { $0.hasSuffix(".service") }.map(String.init)
        }.first
    }

    /// The unit of that name with its drop-ins.
    package func named(_ name: String) -> Known<ServiceUnit> {
        let template = Self.template(of: name)
        guard let file = find(name) ?? template.flatMap(find) else {
            return .unknown(
                Unknown(
                    "no unit file of \(name) is here",
                    remedy: "run it where systemd runs, or see systemctl cat"))
        }
        var unit = ServiceUnit(name: name)
        do throws(Errno) {
            unit.read(file, try File.readText(root + file, limit: Self.longestFile))
            for file in dropIns([name, template, "service"].compactMap(\.self)) {
                unit.read(file, try File.readText(root + file, limit: Self.longestFile))
            }
        } catch {
            return .unknown(Unknown("the unit files of \(name): \(error)"))
        }
        return .known(unit)
    }

    /// `haproxy@.service` of `haproxy@edge.service`.
    private static func template(of name: String) -> String? {
        guard let at = name.firstIndex(of: "@") else { return nil }
        return name[...at] + ".service"
    }

    private func find(_ name: String) -> String? {
        Self.folders.map { "\($0)/\(name)" }.first { (try? File.read(root + $0, limit: 1 << 20)) != nil }
    }

    /// The `.conf` files of `NAME.d` in every folder, by their file names; the same name for
    /// a more special unit or in an earlier folder hides it.
    private func dropIns(_ names: [String]) -> [String] {
        var byName: [String: String] = [:]
        for name in names {
            for folder in Self.folders {
                let place = "\(folder)/\(name).d"
                for file in (try? File.names(in: root + place)) ?? [] where file.hasSuffix(".conf") {
                    if byName[file] == nil { byName[file] = "\(place)/\(file)" }
                }
            }
        }
        return byName.sorted { $0.key < $1.key }.map(\.value)
    }
}
