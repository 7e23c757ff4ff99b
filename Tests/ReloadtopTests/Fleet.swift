// Hosts of a fleet on one machine: each in network, PID and mount namespaces of its own, behind one bridge, with a real
// sshd and a real proxy, whose files have the same paths everywhere.

import Demo
import Glibc
import RuntimeAPI
import TestSupport
import Unix

final class Fleet {
    static let names = ["h1", "h2", "h3"]

    let folder: ScratchFolder
    private let program: RunningProgram
    /// The folder of a host's own files, as it sees them.
    var here: String { folder.file("here") }

    /// Processes in a PID namespace end with its first process, and interfaces with their namespaces: killing one process
    /// takes everything away. The bridge has an address of its own: it would take the lowest of its hosts', another one
    /// with each that comes, and hosts that know the one before would send it nothing for a minute.
    private static let script = """
        set -e
        cd "$1"
        mkdir -p here
        ip link set lo up
        ip link add name fleet address 02:00:00:00:00:fe type bridge
        ip addr add 10.77.0.254/24 dev fleet
        ip link set fleet up
        own=$(readlink /proc/self/ns/net)
        for number in 1 2 3; do
            unshare --net --mount --pid --fork --kill-child --mount-proc sh host.sh $number >host$number.log 2>&1 &
            while [ "$(readlink /proc/$!/ns/net)" = "$own" ]; do sleep 0.02; done
            ip link add h$number type veth peer name eth0 netns $!
            ip link set h$number master fleet up
        done
        wait
        """

    private static func host(_ kinds: [ProxyKind], _ folder: ScratchFolder) throws -> String {
        """
        set -e
        until ip link show eth0 >eth0.log 2>&1; do sleep 0.02; done
        ip link set lo up
        ip addr add 10.77.0.$1/24 dev eth0
        ip link set eth0 up
        mount --bind h$1 here
        mount -t tmpfs none /run
        mkdir /run/sshd
        cd here
        case $1 in
        \(try kinds.enumerated().map { index, kind in "\(index + 1)) program=\(try kind.program) ;;" }
            .joined(separator: "\n"))
        esac
        \(try Program.system("sshd")) -D -e -f \(folder.file("sshd_config")) &
        $program -W -L h$1 -S \(folder.file("here/master.sock")) -f \(folder.file("here/proxy.cfg")) &
        wait
        """
    }

    /// - Parameters:
    ///   - kinds: a proxy for each of the three hosts.
    ///   - prepare: writes what lies in a host's own folder, given its path and its number.
    init(_ kinds: [ProxyKind], prepare: (String, Int) throws -> Void) throws {
        folder = try ScratchFolder("fleet-")
        for number in 1...3 {
            mkdir(folder.file("h\(number)"), 0o755)
            try prepare(folder.file("h\(number)"), number)
        }
        let keys = try Program.shell(
            """
            set -e; cd \(folder.path)
            ssh-keygen -q -t ed25519 -N '' -f host; ssh-keygen -q -t ed25519 -N '' -f client
            cp client.pub authorized; echo "fleet $(cat host.pub)" >known
            """)
        guard keys.end == .exited(0) else { throw ProgramError("no keys for sshd: \(keys.errors)") }
        try folder.write(
            "sshd_config",
            """
            HostKey \(folder.file("host"))
            AuthorizedKeysFile \(folder.file("authorized"))
            StrictModes no
            PermitRootLogin prohibit-password
            PasswordAuthentication no
            PidFile none
            LogLevel ERROR
            SetEnv XDG_STATE_HOME=\(folder.file("here/state"))

            """)
        try folder.write(
            "ssh_config",
            Self.names.enumerated().map { "Host \($1)\n    HostName 10.77.0.\($0 + 1)\n" }.joined()
                + """
                Host nowhere
                    HostName 10.77.0.254
                Host *
                    User root
                    IdentityFile \(folder.file("client"))
                    IdentitiesOnly yes
                    HostKeyAlias fleet
                    UserKnownHostsFile \(folder.file("known"))
                    GlobalKnownHostsFile none

                """)
        try folder.write("host.sh", try Self.host(kinds, folder))
        try folder.write("fleet.sh", Self.script)
        program = try RunningProgram(
            try Program.system("unshare"),
            [
                "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "/bin/sh",
                folder.file("fleet.sh"), folder.path,
            ], in: folder, name: "fleet")
        for name in Self.names {
            do {
                try wait(for: "\(name) to answer") {
                    if !program.isRunning { throw ProgramError("the fleet ended") }
                    return try run(name, "echo @1 show info | socat - \(here)/master.sock").contains(
                        "CurrConns")
                }
            } catch {
                let logs = (["fleet.err"] + (1...3).map { "host\($0).log" }).map { file in
                    "\(file): \((try? File.readText(folder.file(file))) ?? "none")"
                }
                throw ProgramError("\(error): \(logs.joined(separator: "\n"))")
            }
        }
    }

    /// The command that runs `words` in the network of the fleet.
    private func inside(_ words: [String]) throws -> [String] {
        [try Program.system("nsenter"), "--target", "\(program.pid)", "--net"] + words
    }

    private var ssh: [String] { ["ssh", "-F", folder.file("ssh_config")] }

    /// A line of shell on a host; what it printed.
    func run(_ host: String, _ line: String) throws -> String {
        let command = try inside(ssh + [host, line])
        return try Program.run(command[0], Array(command.dropFirst())).output
    }

    /// The status that a host's proxy answers with.
    func status(_ host: String) throws -> String {
        let command = try inside(["socat", "-t", "30", "-", "TCP:\(address(host)):8080"])
        let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        let answer = try Program.run(command[0], Array(command.dropFirst()), input: request).output
        return String(answer.dropFirst("HTTP/1.1 ".count).prefix(3))
    }

    private func address(_ host: String) -> String { "10.77.0.\(host.dropFirst())" }

    /// A client that keeps an old worker of `host` alive.
    func heldClient(of host: String) throws -> RunningProgram {
        let command = try inside([
            "/bin/sh", "-c",
            "{ printf 'GET / HTTP/1.1\\r\\n'; exec sleep 1000; } | socat - TCP:\(address(host)):8080",
        ])
        let client = try RunningProgram(command[0], Array(command.dropFirst()), in: folder, name: "client")
        try wait(for: "the client") {
            try run(host, "echo @1 show info | socat - \(here)/master.sock").contains("CurrConns: 1\n")
        }
        return client
    }

    /// `reloadtop rollout` under way.
    func start(_ arguments: [String]) throws -> RunningProgram {
        let reloadtop = try Program.ours("reloadtop")
        let command = try inside(
            [
                reloadtop, "rollout", "--ssh", ssh.joined(separator: " "), "--remote-program", reloadtop,
                "--settle", "0",
            ] + arguments)
        try? File.write(folder.file("rollout.out"), "")
        try? File.write(folder.file("rollout.err"), "")
        return try RunningProgram(
            command[0], Array(command.dropFirst()), environment: ["XDG_STATE_HOME": folder.file("state")],
            in: folder,
            name: "rollout")
    }

    /// `reloadtop rollout --json` to its end.
    func rollout(_ arguments: [String]) throws -> (code: Int32, json: JSON, verdict: String, reasons: String)
    {
        let program = try start(["--json"] + arguments)
        let code = try program.end().code
        guard let json = try? JSON(parsing: program.output) else {
            throw ProgramError("rollout ended with \(code): \(program.output)\(program.errors)")
        }
        return (code, json, json["verdict"]?.string ?? "", json["reasons"]?.text ?? "")
    }

    /// The lines of an audit log: of `host`, or the one here. A line that is being written is none yet.
    func audit(_ host: String? = nil) throws -> [JSON] {
        let path = folder.file((host.map { "\($0)/" } ?? "") + "state/reloadtop/audit.log")
        let text = (try? File.readText(path)) ?? ""
        let whole = text.lastIndex(of: "\n").map { text[...$0] } ?? ""
        return try whole.split(separator: "\n").map { try JSON(parsing: String($0)) }
    }

    /// The configuration that lies on a host.
    func configuration(_ host: String) throws -> String {
        try File.readText(folder.file("\(host)/proxy.cfg"))
    }
}

extension Fleet {
    /// Somebody else who listens on a port of `host`, from within its network.
    func taken(_ port: Int, on host: String) throws -> RunningProgram {
        let command = try inside(ssh + [host, "exec socat -u TCP-LISTEN:\(port),reuseaddr OPEN:/dev/null"])
        let listener = try RunningProgram(
            command[0], Array(command.dropFirst()), in: folder, name: "listener")
        try wait(for: "the listener") { try run(host, "ss -ltn").contains(":\(port) ") }
        return listener
    }
}
