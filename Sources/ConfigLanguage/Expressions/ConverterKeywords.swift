// The converters by name.

import StickTables

enum ConverterKeywords {
    private static let plain: [String: Converter] = [
        "lower": .lower, "upper": .upper, "length": .length, "bool": .boolean, "not": .negate, "hex": .hex,
        "base64": .base64, "b64dec": .base64Decode,
        "url_dec": .urlDecode(isForm: false),
    ]
    private static let foreign: Set<String> = [
        "add_item", "aes_gcm_dec", "capture-req", "capture-res", "cmp", "cpl", "crc32c",
        "cut_crlf", "da-csv-conv", "debug", "digest", "djb2", "even", "fix_is_valid", "fix_tag_value", "hmac",
        "host_only", "htonl", "http_date", "iif", "ipmask6", "json", "json_query", "jwt_header_query",
        "jwt_payload_query", "jwt_verify", "language", "ltime", "ltrim", "mqtt_field_value", "mqtt_is_valid",
        "ms_ltime",
        "ms_utime", "nbsrv", "neg", "odd", "param", "port_only", "protobuf", "regsub", "rfc7239_field",
        "rfc7239_is_valid", "rtrim", "sdbm", "secure_memcmp", "set-var", "sha1", "sha2", "srv_queue",
        "strcmp",
        "ub64dec", "ub64enc", "ungrpc", "unset-var", "url_enc", "us_ltime", "us_utime", "utime", "wt6", "wt",
        "x509_v_err_str",
        "xxh3", "xxh32", "xxh64", "sub_type", "mult_prefix",
    ]
    private static let maps: [String: (Match, SampleType)] = {
        var maps: [String: (Match, SampleType)] = [:]
        let matches: [Match] = [
            .exact, .beginning, .substring, .directory, .domain, .ending, .regular, .integer, .address,
        ]
        for match in matches {
            for (suffix, output) in [
                ("", SampleType.text), ("_str", .text), ("_int", .integer), ("_ip", .address),
            ] {
                maps["map_\(match.rawValue)\(suffix)"] = (match, output)
            }
        }
        maps["map"] = (.exact, .text)
        return maps
    }()
    private static let tableReadings: [String: TableReading] = {
        var readings: [String: TableReading] = [
            "table_server_id": .value(.serverID), "table_trackers": .uses, "table_expire": .remaining,
            "table_idle": .idle,
        ]
        for (suffix, reading) in TableReading.bySuffix {
            switch reading {
            case .value, .kilobytes:
                readings["table_" + (suffix.hasPrefix("get_") ? String(suffix.dropFirst(4)) : suffix)] =
                    reading
            case .increase, .clear, .exists, .uses, .remaining, .idle: break
            }
        }
        return readings
    }()

    static var names: Set<String> {
        Set(plain.keys).union(maps.keys).union(tableReadings.keys)
            .union(["field", "word", "ipmask", "in_table", "concat", "bytes", "crc32"])
            .union(Converter.IntegerOperation.allCases.map(\.rawValue))
    }

    static func converter(_ call: Call, _ reader: ConfigurationReader) throws(ExpressionFault) -> Converter {
        let name = call.name
        if let converter = plain[name] {
            if let extra = call[0], name != "url_dec" {
                throw ExpressionFault(
                    "invalid args in converter '\(name)' : it takes none, found '\(extra)'.")
            }
            if name == "url_dec" { return .urlDecode(isForm: call[0].map { $0 != "0" } ?? false) }
            return converter
        }
        if let (match, output) = maps[name] { return .map(try map(call, match, output, reader)) }
        if let reading = tableReadings[name] {
            guard call[1] != nil else {
                return .table(reading, table: try table(call, reader), fallback: nil)
            }
            guard reading == .remaining || reading == .idle else {
                throw ExpressionFault(
                    "invalid args in converter '\(name)' : it takes a table only, found '\(call[1] ?? "")' behind it."
                )
            }
            return .table(
                reading, table: try table(call, reader), fallback: Int64(try integer(call, 1, of: 2)))
        }
        if let operation = Converter.IntegerOperation(rawValue: name) {
            let text = try argument(call, 0, "integer", of: 1)
            if let number = Int64(text) { return .integerOperation(operation, .number(number)) }
            do throws(ExpressionFault) {
                return .integerOperation(operation, .variable(try Variable(reading: text)))
            } catch {
                throw ExpressionFault(
                    "invalid args in converter '\(name)' : expects an integer or a variable name, found '\(text)'."
                )
            }
        }
        switch name {
        case "field", "word":
            let number = try integer(call, 0, of: 2)
            let delimiters = Array(try argument(call, 1, "string", of: 2).utf8)
            let count = call[2] == nil ? 1 : try integer(call, 2, of: 3)
            if name == "field" { return .field(number, delimiters: delimiters, count: count) }
            guard number != 0 else {
                throw ExpressionFault("invalid args in converter 'word' : the index must not be 0.")
            }
            return .word(number, delimiters: delimiters, count: count)
        case "ipmask": return try mask(call)
        case "in_table": return .inTable(table: try table(call, reader))
        case "concat":
            guard call[1] == nil else {
                throw ExpressionFault(
                    "invalid args in converter 'concat' : mwproxy supports its first argument, a text, only.")
            }
            return .concat(Array((call[0] ?? "").utf8))
        case "bytes":
            let offset = try integer(call, 0, of: 1)
            return .bytes(offset: offset, length: call[1] == nil ? nil : try integer(call, 1, of: 2))
        case "crc32": return .crc32
        default: break
        }
        if foreign.contains(name) {
            throw ExpressionFault("converter '\(name)' is one of HAProxy's that mwproxy does not support yet")
        }
        let near = NearestKeyword.to(name, among: names.union(foreign))
        throw ExpressionFault(
            "unknown converter '\(name)'\(near.map { "; did you mean '\($0)' maybe ?" } ?? ".")")
    }

    private static func argument(
        _ call: Call, _ index: Int, _ type: String, of count: Int
    ) throws(ExpressionFault) -> String {
        guard let text = call[index] else {
            throw ExpressionFault(
                "invalid arg \(index + 1) in converter '\(call.name)' : missing arguments (got "
                    + "\(min(index, call.arguments?.count ?? 0))/\(count)), type '\(type)' expected.")
        }
        return text
    }

    private static func integer(_ call: Call, _ index: Int, of count: Int) throws(ExpressionFault) -> Int {
        let text = try argument(call, index, "integer", of: count)
        guard let number = Int32(text) else {
            throw ExpressionFault(
                "invalid arg \(index + 1) in converter '\(call.name)' : failed to parse '\(text)' as type 'integer'."
            )
        }
        return Int(number)
    }

    private static func table(_ call: Call, _ reader: ConfigurationReader) throws(ExpressionFault) -> String {
        let table = try argument(call, 0, "table", of: 1)
        reader.expect(.table, table, of: call.name, as: "conversion keyword")
        return table
    }

    /// `24`, `255.255.255.0`, and a length for IPv6.
    private static func mask(_ call: Call) throws(ExpressionFault) -> Converter {
        let text = try argument(call, 0, "IPv4 mask", of: 1)
        var ipv4: UInt32
        if let length = Int(text), (0...32).contains(length) {
            ipv4 = length == 0 ? 0 : ~0 << UInt32(32 - length)
        } else if let mask = Network.parseIPv4(Substring(text)) {
            ipv4 = mask
        } else {
            throw ExpressionFault(
                "invalid arg 1 in converter 'ipmask' : failed to parse '\(text)' as type 'IPv4 mask'.")
        }
        var ipv6: (high: UInt64, low: UInt64) = (~0, ~0)
        if call[1] != nil {
            let length = try integer(call, 1, of: 2)
            guard (0...128).contains(length) else {
                throw ExpressionFault(
                    "invalid arg 2 in converter 'ipmask' : expected 0 to 128, found '\(length)'.")
            }
            ipv6.high = length >= 64 ? ~0 : length == 0 ? 0 : ~0 << UInt64(64 - length)
            ipv6.low = length <= 64 ? 0 : ~0 << UInt64(128 - length)
        }
        return .addressMask(ipv4: ipv4, ipv6: ipv6)
    }

    private static func map(
        _ call: Call, _ match: Match, _ output: SampleType, _ reader: ConfigurationReader
    ) throws(ExpressionFault) -> MapReference {
        let path = try argument(call, 0, "map file", of: 1)
        let lines: [PatternLine]
        switch reader.surroundings.readFile(path) {
        case .success(let bytes): lines = PatternLine.read(bytes, withValues: true)
        case .failure(let failure):
            throw ExpressionFault(
                "invalid args in converter '\(call.name)' : failed to open pattern file <\(path)>: \(failure.reason)."
            )
        }
        for line in lines {
            if let fault = match.fault(in: line.pattern, ignoresCase: false) {
                throw ExpressionFault("invalid args in converter '\(call.name)' : \(fault) (file '\(path)')")
            }
            guard Self.fits(line.value, output) else {
                throw ExpressionFault(
                    "invalid args in converter '\(call.name)' : cannot parse the value '\(line.value)' of "
                        + "'\(line.pattern)' (file '\(path)')")
            }
        }
        if let fallback = call[1], !Self.fits(fallback, output) {
            throw ExpressionFault(
                "invalid args in converter '\(call.name)' : Cannot parse default value <\(fallback)>.")
        }
        return MapReference(
            path: path, match: match, output: output, fallback: call[1].map { Array($0.utf8) }, lines: lines,
            position: reader.position, number: reader.nextPatternList())
    }

    /// Whether a map's value is what its converter gives.
    static func fits(_ value: String, _ output: SampleType) -> Bool {
        switch output {
        case .integer: Int64(value) != nil
        case .address:
            Network.parseIPv4(Substring(value)) != nil || Network.parseIPv6(Substring(value)) != nil
        case .text, .bool: true
        }
    }
}

extension PatternLine {
    /// One pattern a line; with values, the first word and the rest. Empty lines and comments do not count.
    static func read(_ bytes: [UInt8], withValues: Bool) -> [PatternLine] {
        bytes.split(separator: 0x0a).compactMap { line in
            let text = line.drop(while: Tokenizer.isSpace)
            guard let first = text.first, first != UInt8(ascii: "#") else { return nil }
            let end = text.lastIndex { !Tokenizer.isSpace($0) } ?? text.startIndex
            let whole = text[...end]
            guard withValues else { return PatternLine(pattern: String(decoding: whole, as: UTF8.self)) }
            let key = whole.prefix { !Tokenizer.isSpace($0) }
            let value = whole.dropFirst(key.count).drop(while: Tokenizer.isSpace)
            return PatternLine(
                pattern: String(decoding: key, as: UTF8.self), value: String(decoding: value, as: UTF8.self))
        }
    }
}
