// What `show servers state` printed, read again from a file: how an admin carries servers over a reload.

/// A file of version 1.
package enum ServerStateFile {
    /// Why a file, or a line of it, says nothing.
    package enum Fault: Error, Equatable, Sendable {
        case version
        /// The line that has too few or too many words.
        case corrupt(line: Int)
        case value(backend: String, server: String, column: String, value: String)
    }

    private static let columns = [
        "be_id", "be_name", "srv_id", "srv_name", "srv_addr", "srv_op_state", "srv_admin_state",
        "srv_uweight",
        "srv_iweight", "srv_time_since_last_change", "srv_check_status", "srv_check_result",
        "srv_check_health",
        "srv_check_state", "srv_agent_state", "bk_f_forced_id", "srv_f_forced_id", "srv_fqdn", "srv_port",
    ]
    /// HAProxy has added columns since.
    private static let counts = columns.count...25

    /// The lines, each by itself: one that has a wrong value harms no other.
    package static func read(
        _ text: String
    ) throws(Fault) -> [Result<ServerStateLine, Fault>] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first == "1" else { throw .version }
        var rows: [Result<ServerStateLine, Fault>] = []
        for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty && !line.hasPrefix("#") {
            let words = line.split(separator: " ").map(String.init)
            guard counts.contains(words.count) else { throw .corrupt(line: index + 1) }
            rows.append(Result { () throws(Fault) in try row(words) })
        }
        return rows
    }

    private static func row(_ words: [String]) throws(Fault) -> ServerStateLine {
        func number(_ column: String, _ range: ClosedRange<Int>) throws(Fault) -> Int {
            guard let place = columns.firstIndex(of: column) else { return 0 }
            guard let number = Int(words[place]), range.contains(number) else {
                throw .value(backend: words[1], server: words[3], column: column, value: words[place])
            }
            return number
        }
        let any = 0...Int(Int32.max)
        return ServerStateLine(
            backendID: try number("be_id", any), backend: words[1], serverID: try number("srv_id", any),
            server: words[3], address: words[4], operationalState: try number("srv_op_state", 0...3),
            adminState: try number("srv_admin_state", 0...0x7f), weight: try number("srv_uweight", 0...256),
            initialWeight: try number("srv_iweight", 0...256),
            sinceChange: try number("srv_time_since_last_change", any),
            checkStatus: try number("srv_check_status", any),
            checkResult: try number("srv_check_result", 0...4),
            checkHealth: try number("srv_check_health", any), checkState: try number("srv_check_state", any),
            backendIDIsForced: try number("bk_f_forced_id", 0...1) == 1,
            serverIDIsForced: try number("srv_f_forced_id", 0...1) == 1,
            hostName: words[17] == "-" ? nil : words[17], port: try number("srv_port", 0...65535),
            checkPort: 0)
    }
}
