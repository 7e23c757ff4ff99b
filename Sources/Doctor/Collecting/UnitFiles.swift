// Finds the unit files of a systemd service and its drop-ins, as systemd looks for them. No systemd is asked: the
// files are there also in a container and in a rescue system. What was changed without 'systemctl daemon-reload' is
// not in force yet, and is read all the same.

import Glibc
import Observing
import ReloadModel
import Unix

package struct UnitFiles {
    /// Highest first: a file in an earlier folder hides one of the same name in a later one.
    private static let folders = [
        "/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient",
        "/run/systemd/generator.early", "/etc/systemd/system", "/etc/systemd/system.attached",
        "/run/systemd/system", "/run/systemd/system.attached", "/run/systemd/generator",
        "/usr/local/lib/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system",
        "/run/systemd/generator.late",
    ]
    private static let longestFile = 1 << 20
    /// Links to links are followed this often.
    private static let mostLinks = 16

    private let root: String

    /// `root`: where the file system of the host begins; empty for our own.
    package init(root: String = "") {
        self.root = root
    }

    /// The unit that a process runs in; nil: in no service.
    package func unit(of pid: Int32, _ proc: ProcTree) -> Known<ServiceUnit?> {
        let text: String
        do throws(Errno) {
            text = try File.readText(proc.path(pid, "cgroup"), limit: 1 << 16)
        } catch {
            return .unknown(proc.denied("the control group of process \(pid)", error))
        }
        guard let name = Self.service(in: text) else { return .known(nil) }
        if Self.isOfUser(text) {
            return .unknown(
                Unknown(
                    "\(name) is a unit of a user's own service manager, whose files are not read",
                    remedy: "see systemctl --user cat \(name)"))
        }
        // The manager of a process in a container may live in it, with its files.
        let theirs = UnitFiles(root: proc.path(pid, "root"))
        let isElsewhere = proc.link(pid, "ns/pid").value != (try? readLink("/proc/self/ns/pid"))
        for place in isElsewhere ? [theirs, self] : [self, theirs] where place.has(name) {
            return place.named(name).map { $0 }
        }
        return named(name).map { $0 }
    }

    /// The innermost service of a control group: `0::/system.slice/haproxy.service`.
    static func service(in cgroup: String) -> String? {
        cgroup.split(separator: "\n").lazy.compactMap { line in
            line.split(separator: "/").last { $0.hasSuffix(".service") }.map(String.init)
        }.first
    }

    /// `0::/user.slice/user-1000.slice/user@1000.service/app.slice/haproxy.service`
    static func isOfUser(_ cgroup: String) -> Bool {
        cgroup.split(separator: "\n").contains { line in
            let services = line.split(separator: "/").filter { $0.hasSuffix(".service") }
            return services.count > 1 && services.dropLast().contains { $0.hasPrefix("user@") }
        }
    }

    private func has(_ name: String) -> Bool {
        ([name] + (Self.template(of: name).map { [$0] } ?? [])).contains { find($0) != nil }
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
            unit.read(file, try text(of: file))
            for file in dropIns([name] + (template.map { [$0] } ?? []) + Self.prefixes(of: name)) {
                unit.read(file, try text(of: file))
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

    /// Whose drop-ins hold for every unit whose name begins like this: `edge-haproxy-.service` and `edge-.service` of
    /// `edge-haproxy-1.service`.
    private static func prefixes(of name: String) -> [String] {
        let stem = name.prefix { $0 != "@" && $0 != "." }
        return stem.indices.reversed().filter { stem[$0] == "-" && stem.index(after: $0) < stem.endIndex }
            .map { stem[...$0] + ".service" }
    }

    private func find(_ name: String) -> String? {
        Self.folders.map { "\($0)/\(name)" }.first { FileKind(place(of: $0)) == .other }
    }

    private func text(of path: String) throws(Errno) -> String {
        try File.readText(place(of: path), limit: Self.longestFile)
    }

    /// Where a file is reached from here: an absolute link is meant below the root. One to /dev/null, which masks what
    /// comes later, is read as empty.
    private func place(of path: String) -> String {
        var path = path
        for _ in 0..<Self.mostLinks {
            guard let target = try? readLink(root + path), target.hasPrefix("/") else { break }
            if target == "/dev/null" { return target }
            path = target
        }
        return root + path
    }

    /// The `.conf` files of every `NAME.d`, by their file names: one in an earlier folder, and in the same folder one for
    /// a more special unit, hides others of its name. Those for all services come last.
    private func dropIns(_ names: [String]) -> [String] {
        var byName: [String: String] = [:]
        let places =
            Self.folders.flatMap { folder in names.map { "\(folder)/\($0).d" } }
            + Self.folders.map { "\($0)/service.d" }
        for place in places {
            for file in (try? File.names(in: root + place)) ?? [] where file.hasSuffix(".conf") {
                if byName[file] == nil { byName[file] = "\(place)/\(file)" }
            }
        }
        return byName.sorted { $0.key < $1.key }.map(\.value)
    }
}
