// The fetches by name. A new one is one more entry.

import StickTables

enum FetchKeywords {
    typealias Make = @Sendable (Call, ConfigurationReader) throws(ExpressionFault) -> Fetch

    private struct Entry: Sendable {
        let arguments: ClosedRange<Int>
        let make: Make
    }

    static var names: Set<String> { Set(table.keys) }

    /// Nil: no fetch of ours has this name.
    static func fetch(_ call: Call, _ reader: ConfigurationReader) throws(ExpressionFault) -> Fetch? {
        guard let entry = table[call.name] else { return nil }
        let given = call.arguments.map { $0 == [""] ? 0 : $0.count } ?? 0
        if given < entry.arguments.lowerBound {
            throw ExpressionFault(
                "fetch method '\(call.name)' : missing arguments (got \(given)/\(entry.arguments.lowerBound))."
            )
        }
        if given > entry.arguments.upperBound {
            let extra = call[entry.arguments.upperBound] ?? ""
            throw ExpressionFault(
                "fetch method '\(call.name)' : expected ')' before '\(extra)': it takes "
                    + (entry.arguments.upperBound == 0
                        ? "no argument." : "\(entry.arguments.upperBound) at most."))
        }
        return try entry.make(call, reader)
    }

    private static func number(_ call: Call, _ index: Int) throws(ExpressionFault) -> Int {
        guard let text = call[index] else {
            throw ExpressionFault(
                "fetch method '\(call.name)' : expected type 'integer' at position \(index + 1), but got nothing."
            )
        }
        guard let number = Int(text) else {
            throw ExpressionFault(
                "fetch method '\(call.name)' : failed to parse '\(text)' as type 'integer' at position \(index + 1)."
            )
        }
        return number
    }

    private static func name(_ call: Call) throws(ExpressionFault) -> [UInt8] {
        guard let text = call[0] else {
            throw ExpressionFault(
                "fetch method '\(call.name)' : expected type 'string' at position 1, but got nothing.")
        }
        return Array(text.lowercased().utf8)
    }

    private static func occurrence(_ call: Call) throws(ExpressionFault) -> Occurrence {
        call[1] == nil ? .any : .number(try number(call, 1))
    }

    private static let table: [String: Entry] = {
        var table: [String: Entry] = [:]
        func add(_ names: String..., arguments: ClosedRange<Int> = 0...0, _ make: @escaping Make) {
            for name in names { table[name] = Entry(arguments: arguments, make: make) }
        }
        add("wait_end") { (_, _) throws(ExpressionFault) in .waitEnd }
        add("req.len", "req_len") { (_, _) throws(ExpressionFault) in .inputLength }
        add("req.proto_http", "req_proto_http") { (_, _) throws(ExpressionFault) in .isHTTP }
        add("always_true") { (_, _) throws(ExpressionFault) in .constant(true) }
        add("always_false") { (_, _) throws(ExpressionFault) in .constant(false) }
        add("int", arguments: 1...1) { (call, _) throws(ExpressionFault) in
            .integer(Int64(try number(call, 0)))
        }
        add("bool", arguments: 1...1) { (call, _) throws(ExpressionFault) in
            switch call[0] {
            case "true", "1": .constant(true)
            case "false", "0": .constant(false)
            default:
                throw ExpressionFault(
                    "fetch method 'bool' : expected 'true' or 'false', found '\(call[0] ?? "")'.")
            }
        }
        add("str", arguments: 1...1) { (call, _) throws(ExpressionFault) in
            .string(Array((call[0] ?? "").utf8))
        }
        add("rand", arguments: 0...1) { (call, _) throws(ExpressionFault) in
            guard call[0] != nil else { return .random(nil) }
            let limit = try number(call, 0)
            guard let limit = UInt32(exactly: limit), limit > 0 else {
                throw ExpressionFault("fetch method 'rand' : expected a positive integer, found '\(limit)'.")
            }
            return .random(limit)
        }
        add("date") { (_, _) throws(ExpressionFault) in .now }
        add("hostname") { (_, _) throws(ExpressionFault) in .hostName }
        add("pid") { (_, _) throws(ExpressionFault) in .processID }
        add("src") { (_, _) throws(ExpressionFault) in .source }
        add("dst") { (_, _) throws(ExpressionFault) in .destination }
        add("src_port") { (_, _) throws(ExpressionFault) in .sourcePort }
        add("dst_port") { (_, _) throws(ExpressionFault) in .destinationPort }
        add("path") { (_, _) throws(ExpressionFault) in .path }
        add("pathq") { (_, _) throws(ExpressionFault) in .pathQuery }
        add("url") { (_, _) throws(ExpressionFault) in .target }
        add("query") { (_, _) throws(ExpressionFault) in .query }
        add("base") { (_, _) throws(ExpressionFault) in .base }
        add("method") { (_, _) throws(ExpressionFault) in .method }
        add("req.ver", "req_ver") { (_, _) throws(ExpressionFault) in .version }
        for name in ["url_param", "urlp", "urlp_val"] {
            add(name, arguments: 1...2) { (call, _) throws(ExpressionFault) in
                guard let delimiter = (call[1] ?? "?").utf8.first, call[1]?.utf8.count ?? 1 == 1 else {
                    throw ExpressionFault(
                        "fetch method '\(name)' : delimiter must be a single character, found '\(call[1] ?? "")'."
                    )
                }
                return .queryParameter(
                    name: Array((call[0] ?? "").utf8), delimiter: delimiter, isNumber: name == "urlp_val")
            }
        }
        for (prefix, inResponse) in [("", false), ("req.", false), ("s", true), ("res.", true)] {
            add(prefix + "hdr", arguments: 1...2) { (call, _) throws(ExpressionFault) in
                .header(name: try name(call), try occurrence(call), inResponse: inResponse, whole: false)
            }
            add(prefix + "fhdr", arguments: 1...2) { (call, _) throws(ExpressionFault) in
                .header(name: try name(call), try occurrence(call), inResponse: inResponse, whole: true)
            }
            add(prefix + "hdr_cnt", arguments: 0...1) { (call, _) throws(ExpressionFault) in
                .headerCount(
                    name: call[0] == nil ? nil : try name(call), inResponse: inResponse, whole: false)
            }
            add(prefix + "fhdr_cnt", arguments: 0...1) { (call, _) throws(ExpressionFault) in
                .headerCount(name: call[0] == nil ? nil : try name(call), inResponse: inResponse, whole: true)
            }
            add(prefix + "hdr_val", arguments: 1...2) { (call, _) throws(ExpressionFault) in
                .headerNumber(name: try name(call), try occurrence(call), inResponse: inResponse)
            }
            add(prefix + "hdr_ip", arguments: 1...2) { (call, _) throws(ExpressionFault) in
                .headerAddress(name: try name(call), try occurrence(call), inResponse: inResponse)
            }
            for (suffix, reading) in [("", CookieReading.value), ("_val", .number), ("_cnt", .count)] {
                add(prefix + "cook" + suffix, arguments: 1...1) { (call, _) throws(ExpressionFault) in
                    .cookie(name: Array((call[0] ?? "").utf8), inResponse: inResponse, reading)
                }
            }
        }
        table["cookie"] = table["cook"]
        add("status") { (_, _) throws(ExpressionFault) in .status }
        add("nbsrv", arguments: 0...1) { (call, reader) throws(ExpressionFault) in
            reader.expect(.backend, call[0], of: call.name)
            return .usableServers(backend: call[0])
        }
        add("be_conn", arguments: 0...1) { (call, reader) throws(ExpressionFault) in
            reader.expect(.backend, call[0], of: call.name)
            return .backendConnections(backend: call[0])
        }
        add("fe_conn", arguments: 0...1) { (call, reader) throws(ExpressionFault) in
            reader.expect(.frontend, call[0], of: call.name)
            return .frontendConnections(frontend: call[0])
        }
        add("be_name") { (_, _) throws(ExpressionFault) in .backendName }
        add("fe_name") { (_, _) throws(ExpressionFault) in .frontendName }
        add("srv_name") { (_, _) throws(ExpressionFault) in .serverName }
        add("var", arguments: 1...1) { (call, _) throws(ExpressionFault) in
            .variable(try Variable(reading: call[0] ?? ""))
        }
        add("table_cnt", arguments: 0...1) { (call, reader) throws(ExpressionFault) in
            reader.expect(.table, call[0], of: call.name)
            return .tableEntries(table: call[0])
        }
        add("table_avl", arguments: 0...1) { (call, reader) throws(ExpressionFault) in
            reader.expect(.table, call[0], of: call.name)
            return .tableRoom(table: call[0])
        }
        for (suffix, reading) in TableReading.bySuffix {
            add("sc_" + suffix, arguments: 1...2) { (call, reader) throws(ExpressionFault) in
                let slot = try number(call, 0)
                reader.expect(.table, call[1], of: call.name)
                return .tracked(reading, slot: slot, table: call[1])
            }
            for slot in 0...2 {
                add("sc\(slot)_" + suffix, arguments: 0...1) { (call, reader) throws(ExpressionFault) in
                    reader.expect(.table, call[0], of: call.name)
                    return .tracked(reading, slot: slot, table: call[0])
                }
            }
            if reading == .exists || reading == .uses { continue }
            add("src_" + suffix, arguments: 0...1) { (call, reader) throws(ExpressionFault) in
                reader.expect(.table, call[0], of: call.name)
                return .ofSource(reading, table: call[0])
            }
        }
        for (name, fetch) in TLSFetchKeywords.plain {
            add(name) { (_, _) throws(ExpressionFault) in .tls(fetch) }
        }
        add("ssl_c_s_dn", "ssl_c_i_dn", arguments: 0...3) { (call, _) throws(ExpressionFault) in
            .tls(try TLSFetchKeywords.distinguishedName(call))
        }
        add("req.ssl_sni", "req_ssl_sni") { (_, _) throws(ExpressionFault) in .helloServerName }
        add("req.ssl_hello_type", "req_ssl_hello_type") { (_, _) throws(ExpressionFault) in .helloType }
        add("src_updt_conn_cnt", arguments: 0...1) { (call, reader) throws(ExpressionFault) in
            reader.expect(.table, call[0], of: call.name)
            return .ofSource(.increase(.connCnt), table: call[0])
        }
        return table
    }()
}

extension TableReading {
    /// By what follows `sc_` and `src_`.
    static let bySuffix: [(String, TableReading)] = [
        ("conn_cnt", .value(.connCnt)), ("conn_cur", .value(.connCur)), ("conn_rate", .value(.connRate)),
        ("sess_cnt", .value(.sessCnt)), ("sess_rate", .value(.sessRate)),
        ("http_req_cnt", .value(.httpReqCnt)), ("http_req_rate", .value(.httpReqRate)),
        ("http_err_cnt", .value(.httpErrCnt)), ("http_err_rate", .value(.httpErrRate)),
        ("kbytes_in", .kilobytes(.bytesInCnt)), ("bytes_in_rate", .value(.bytesInRate)),
        ("kbytes_out", .kilobytes(.bytesOutCnt)), ("bytes_out_rate", .value(.bytesOutRate)),
        ("get_gpc0", .value(.gpc0)), ("gpc0_rate", .value(.gpc0Rate)), ("inc_gpc0", .increase(.gpc0)),
        ("clr_gpc0", .clear(.gpc0)),
        ("get_gpc1", .value(.gpc1)), ("gpc1_rate", .value(.gpc1Rate)), ("inc_gpc1", .increase(.gpc1)),
        ("clr_gpc1", .clear(.gpc1)),
        ("get_gpt0", .value(.gpt0)), ("tracked", .exists), ("trackers", .uses),
    ]
}

extension Variable {
    init(reading text: String) throws(ExpressionFault) {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let scope = Scope(rawValue: String(parts[0])) else {
            throw ExpressionFault(
                "invalid variable name '\(text)'. A variable name must be start by its scope. The scope can be "
                    + "'proc', 'sess', 'txn', 'req' or 'res'.")
        }
        let name = String(parts[1])
        guard name.utf8.allSatisfy({ ConfigurationReader.isNameByte($0) && $0 != UInt8(ascii: ":") }) else {
            throw ExpressionFault(
                "invalid variable name '\(text)' : it has letters, digits, '_', '-' and '.'.")
        }
        self.init(scope: scope, name: name)
    }
}
