// A sample expression, `path,lower` or `sc_http_req_rate(0)`: what is fetched, and what is made of it. Names of
// tables and backends are as written; whoever runs it finds them.

import StickTables

/// What kind of value an expression gives.
package enum SampleType: Sendable {
    case bool, integer, address, text
}

/// A fetch and its converters, in their order.
package struct Expression: Sendable {
    package var fetch: Fetch
    package var converters: [Converter]
    /// As it was written, with its arguments.
    package var text: String

    package var type: SampleType {
        converters.last.map(\.type) ?? fetch.type
    }

    /// Bytes that are no text: what they are compared with has to be said.
    var isBinary: Bool {
        switch converters.last {
        case nil: fetch.isBinary
        case .base64Decode: true
        default: false
        }
    }
}

/// Which of several header fields of one name.
package enum Occurrence: Sendable, Equatable {
    /// In conditions each value is tried; elsewhere the last counts.
    case any
    /// 1 is the first, -1 the last.
    case number(Int)
}

/// What is read of a cookie.
package enum CookieReading: Sendable, Equatable {
    case value, number, count
}

/// What is read of an entry of a stick table.
package enum TableReading: Sendable, Equatable {
    case value(DataType)
    /// A number of bytes, in units of 1024.
    case kilobytes(DataType)
    /// Counts one more, and gives the new number.
    case increase(DataType)
    /// Sets to 0, and gives the old number.
    case clear(DataType)
    /// Whether there is an entry at all.
    case exists
    /// How many hold the entry.
    case uses
    /// Milliseconds until it goes, and since it was touched.
    case remaining, idle
}

/// Where a value comes from. Header names are in lower case.
package enum Fetch: Sendable {
    case constant(Bool)
    case integer(Int64)
    case string([UInt8])
    /// Below the limit; nil: any 32 bits.
    case random(UInt32?)
    case now
    case source, destination, sourcePort, destinationPort
    case path, pathQuery, target, query, base, method, version
    /// `delimiter`: where the parameters begin, and one more that parts them.
    case queryParameter(name: [UInt8], delimiter: UInt8, isNumber: Bool)
    case cookie(name: [UInt8], inResponse: Bool, CookieReading)
    case header(name: [UInt8], Occurrence, inResponse: Bool, whole: Bool)
    case headerAddress(name: [UInt8], Occurrence, inResponse: Bool)
    case headerNumber(name: [UInt8], Occurrence, inResponse: Bool)
    /// Nil: all fields.
    case headerCount(name: [UInt8]?, inResponse: Bool, whole: Bool)
    case status
    case usableServers(backend: String?)
    case backendConnections(backend: String?)
    case frontendConnections(frontend: String?)
    case backendName, frontendName, serverName
    /// By the number of `track-sc`; another table's entry of the same key where one is named.
    case tracked(TableReading, slot: Int, table: String?)
    /// Of the client's address; nil: the proxy's own table.
    case ofSource(TableReading, table: String?)
    case tableEntries(table: String?)
    case tableRoom(table: String?)
    case variable(Variable)
    case hostName, processID, uniqueNumber
    /// Bytes that a client of TCP mode has sent so far.
    case inputLength
    /// Nothing is waited for any longer.
    case waitEnd
    /// There is an HTTP request.
    case isHTTP
    /// Of the TLS that a connection speaks.
    case tls(TLSFetch)
    /// `req.ssl_sni`, `req.ssl_hello_type`: of a ClientHello that passes through in TCP mode.
    case helloServerName, helloType

    /// What must be there for it.
    package enum Need: String, Sendable {
        case nothing = "nothing"
        /// What the TLS handshake with the client has settled.
        case clientConnection = "client-side connection"
        case serverConnection = "server-side connection"
        case request = "HTTP request headers"
        case response = "HTTP response headers"
        /// Bytes that a client has sent and that are not passed on yet.
        case input = "request buffer"
    }

    package var need: Need {
        switch self {
        case .path, .pathQuery, .target, .query, .base, .method, .version, .queryParameter, .isHTTP:
            .request
        case .cookie(_, let inResponse, _), .header(_, _, let inResponse, _),
            .headerCount(_, let inResponse, _), .headerNumber(_, _, let inResponse),
            .headerAddress(_, _, let inResponse):
            inResponse ? .response : .request
        case .status: .response
        case .inputLength, .helloServerName, .helloType: .input
        case .tls(let fetch): fetch.need
        default: .nothing
        }
    }

    package var type: SampleType {
        switch self {
        case .constant, .waitEnd, .isHTTP: .bool
        case .tracked(.exists, _, _): .bool
        case .tls(let fetch): fetch.type
        case .helloServerName: .text
        case .queryParameter(_, _, isNumber: true): .integer
        case .cookie(_, _, let reading) where reading != .value: .integer
        case .source, .destination, .headerAddress: .address
        case .string, .path, .pathQuery, .target, .query, .base, .method, .version, .queryParameter, .cookie,
            .header,
            .backendName, .frontendName, .serverName, .variable, .hostName:
            .text
        default: .integer
        }
    }
}

/// `txn.name` and its kin: a name within its scope.
package struct Variable: Hashable, Sendable {
    /// How long a variable lives, as it is written before the dot.
    package enum Scope: String, Sendable, CaseIterable { case proc, sess, txn, req, res }
    package var scope: Scope
    package var name: String

    package init(scope: Scope, name: String) {
        self.scope = scope
        self.name = name
    }
}

/// What a converter makes of a value.
package enum Converter: Sendable {
    case lower, upper, length, boolean, negate
    case field(Int, delimiters: [UInt8], count: Int)
    case word(Int, delimiters: [UInt8], count: Int)
    case addressMask(ipv4: UInt32, ipv6: (high: UInt64, low: UInt64))
    case integerOperation(IntegerOperation, Operand)
    case hex, base64, base64Decode, urlDecode(isForm: Bool), concat([UInt8]), bytes(offset: Int, length: Int?)
    case crc32
    /// `fallback`: where there is no entry.
    case inTable(table: String), table(TableReading, table: String, fallback: Int64?)
    case map(MapReference)

    /// The other number: written, or in a variable.
    package enum Operand: Sendable {
        case number(Int64)
        case variable(Variable)
    }
    /// By the converter's name.
    package enum IntegerOperation: String, Sendable, CaseIterable {
        case add, sub, mul, div, mod, and, or, xor
    }

    var type: SampleType {
        switch self {
        case .lower, .upper, .field, .word, .hex, .base64, .base64Decode, .urlDecode, .concat, .bytes: .text
        case .boolean, .negate, .inTable, .table(.exists, _, _): .bool
        case .length, .integerOperation, .table, .crc32: .integer
        case .addressMask: .address
        case .map(let map): map.output
        }
    }
}

/// `map…(file[,default])`: several of one file share its lines, which an admin may change.
package struct MapReference: Sendable {
    package var path: String
    package var match: Match
    package var output: SampleType
    /// Nil: no value where no line matches.
    package var fallback: [UInt8]?
    /// The file at load: key and value.
    package var lines: [PatternLine]
    package var position: Position
    /// Its place among all lists of patterns.
    package var number: Int
}
