// Commands for a shell that ask what reloadtop asks: for `y`.

import ReloadModel

enum MasterShell {
    /// `echo 'COMMAND' | socat …`; empty where the master has no socket that is known.
    static func ask(_ command: String, _ snapshot: Snapshot) -> [String] {
        guard let socket = snapshot.proxy.masterSocket.value else { return [] }
        return ["echo \(quoted(command)) | socat \(address(socket)) -"]
    }

    /// A path, `abns@name` or `address:port` as socat wants it.
    private static func address(_ socket: String) -> String {
        if socket.hasPrefix("abns@") { return quoted("ABSTRACT-CONNECT:" + socket.dropFirst(5)) }
        if socket.contains("/") { return quoted("UNIX-CONNECT:" + socket) }
        return quoted("TCP:" + socket)
    }

    /// One word for a shell, whatever is in it.
    static func quoted(_ text: some StringProtocol) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_./:,=@%+".utf8.contains(byte)
            }
        }
        if isPlain, !text.isEmpty { return String(text) }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
            + "'"
    }
}
