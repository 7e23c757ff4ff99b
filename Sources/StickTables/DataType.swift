// What an entry can store: HAProxy's types under HAProxy's numbers, which the peers protocol speaks.

/// One type of `store`.
package enum DataType: Int, CaseIterable, Sendable {
    case serverID = 0
    case gpt0, gpc0, gpc0Rate
    case connCnt, connRate, connCur
    case sessCnt, sessRate
    case httpReqCnt, httpReqRate
    case httpErrCnt, httpErrRate
    case bytesInCnt, bytesInRate
    case bytesOutCnt, bytesOutRate
    case gpc1, gpc1Rate
    case serverKey

    /// How a type's values look.
    package enum Kind: Sendable {
        /// 32 bits; `server_id` has a sign.
        case number
        /// 64 bits.
        case longNumber
        /// Events in a period.
        case rate
        /// A name that many entries share.
        case name
    }

    package var kind: Kind {
        switch self {
        case .serverID, .gpt0, .gpc0, .connCnt, .connCur, .sessCnt, .httpReqCnt, .httpErrCnt, .gpc1: .number
        case .bytesInCnt, .bytesOutCnt: .longNumber
        case .gpc0Rate, .connRate, .sessRate, .httpReqRate, .httpErrRate, .bytesInRate, .bytesOutRate,
            .gpc1Rate:
            .rate
        case .serverKey: .name
        }
    }

    /// A number or rate of bytes.
    var countsBytes: Bool {
        switch self {
        case .bytesInCnt, .bytesInRate, .bytesOutCnt, .bytesOutRate: true
        default: false
        }
    }

    /// It tells of this process alone, and goes to no peer.
    package var isLocal: Bool { self == .connCur }

    /// As a configuration and the admin write it.
    package var name: String {
        switch self {
        case .serverID: "server_id"
        case .gpt0: "gpt0"
        case .gpc0: "gpc0"
        case .gpc0Rate: "gpc0_rate"
        case .connCnt: "conn_cnt"
        case .connRate: "conn_rate"
        case .connCur: "conn_cur"
        case .sessCnt: "sess_cnt"
        case .sessRate: "sess_rate"
        case .httpReqCnt: "http_req_cnt"
        case .httpReqRate: "http_req_rate"
        case .httpErrCnt: "http_err_cnt"
        case .httpErrRate: "http_err_rate"
        case .bytesInCnt: "bytes_in_cnt"
        case .bytesInRate: "bytes_in_rate"
        case .bytesOutCnt: "bytes_out_cnt"
        case .bytesOutRate: "bytes_out_rate"
        case .gpc1: "gpc1"
        case .gpc1Rate: "gpc1_rate"
        case .serverKey: "server_key"
        }
    }

    package init?(name: some StringProtocol) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    /// Bytes of an entry.
    var size: Int {
        switch kind {
        case .number, .name: 4
        case .longNumber: 8
        case .rate: 12
        }
    }
}

/// A value of an entry.
package enum StoredValue: Equatable, Sendable {
    /// Numbers of either length; `server_id` as its 32 bits.
    case number(UInt64)
    case rate(FrequencyCounter)
    /// Nil: none yet.
    case name(String?)
}
