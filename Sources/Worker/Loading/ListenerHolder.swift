// Who has a TCP address that could not be bound, as far as /proc lets this user see.

import Glibc
import Unix

/// A process that listens where somebody else wants to.
struct ListenerHolder {
    let pid: Int32
    let program: String

    /// Those in the way of `address`: one for each of the sockets. `except`: processes that are not meant.
    static func all(at address: SocketAddress, except: Set<Int32> = []) -> [ListenerHolder] {
        var sockets = Set(listeners(inTheWayOf: address).map { "socket:[\($0)]" })
        guard !sockets.isEmpty, let names = try? File.names(in: "/proc") else { return [] }
        var holders: [ListenerHolder] = []
        for name in names where !sockets.isEmpty {
            guard let pid = Int32(name), !except.contains(pid),
                let numbers = try? File.names(in: "/proc/\(name)/fd")
            else { continue }
            let held = sockets.intersection(numbers.map { link("/proc/\(name)/fd/\($0)") })
            if held.isEmpty { continue }
            sockets.subtract(held)
            let program = (try? File.readText("/proc/\(name)/comm")) ?? "?"
            holders.append(
                ListenerHolder(
                    pid: pid, program: String(program.unicodeScalars.filter { $0.value >= 0x20 })))
        }
        return holders
    }

    /// Whether its command line names one of these files or folders.
    func runs(withAnyOf paths: [String]) -> Bool {
        guard let folder = resolved("/proc/\(pid)/cwd"),
            let commandLine = try? File.read("/proc/\(pid)/cmdline")
        else { return false }
        let ours = Set(paths.compactMap(resolved))
        // A draining worker's title has blanks where others have NULs.
        return commandLine.split(whereSeparator: { $0 == 0 || $0 == 0x20 }).contains { bytes in
            let word = String(decoding: bytes, as: UTF8.self)
            return resolved(word.hasPrefix("/") ? word : folder + "/" + word).map(ours.contains) ?? false
        }
    }

    private func resolved(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// The inodes of the listening sockets that keep others from an address.
    private static func listeners(inTheWayOf address: SocketAddress) -> [Substring] {
        let all = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { table in
            listeners(in: (try? File.readText(table)) ?? "")
        }.filter { $0.address.overlaps(address) }
        // The tables do not tell which sockets of IPv6 leave IPv4 to others. One that does is in nobody's way there, and
        // then somebody else is, whom the table of the address's own family has.
        let own = all.filter { $0.address.unmapped.family == address.unmapped.family }
        return (own.isEmpty ? all : own).map(\.inode)
    }

    private static func listeners(in table: String) -> [(address: SocketAddress, inode: Substring)] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", let address = address(fields[1]) else { return nil }
            return (address, fields[9])
        }
    }

    /// `0100007F:1F90`: the address in words of the machine's own byte order.
    private static func address(_ field: Substring) -> SocketAddress? {
        let parts = field.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1], radix: 16) else { return nil }
        let words = stride(from: 0, to: parts[0].utf8.count, by: 8).compactMap { start in
            UInt32(parts[0].dropFirst(start).prefix(8), radix: 16).map(UInt32.init(bigEndian:))
        }
        switch words.count {
        case 1: return .ipv4(words[0], port: port)
        case 4:
            return .ipv6(
                high: UInt64(words[0]) << 32 | UInt64(words[1]),
                low: UInt64(words[2]) << 32 | UInt64(words[3]),
                port: port, scope: 0)
        default: return nil
        }
    }

    private static func link(_ path: String) -> String {
        var text = [CChar](repeating: 0, count: 64)
        let length = readlink(path, &text, text.count)
        return text.withUnsafeBytes { String(decoding: $0.prefix(max(0, length)), as: UTF8.self) }
    }
}
