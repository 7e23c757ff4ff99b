// What ends a connection when nobody moves a byte on it any more: which timeout, and in how many seconds. Deadlines
// that the proxy tells are exact; those of a connection without a stream are reckoned from the configuration.

/// The end of one silent connection.
package struct ConnectionBound: Equatable, Sendable {
    /// Seconds until it ends; nil: nothing ends it.
    package var seconds: Double?
    /// `timeout tunnel`; nil where it is not known which one it is.
    package var setting: String?
    /// The setting's value, where the files tell.
    package var milliseconds: Int64?
    /// The connection's end is not known at all, rather than known to be never.
    package var isUnknown: Bool

    init(
        seconds: Double?, setting: String? = nil, milliseconds: Int64? = nil, isUnknown: Bool = false
    ) {
        self.seconds = seconds
        self.setting = setting
        self.milliseconds = milliseconds
        self.isUnknown = isUnknown
    }

    static let unknown = ConnectionBound(seconds: nil, isUnknown: true)

    /// What ends it, whenever that is.
    struct Cause: Hashable, Sendable {
        var setting: String?
        var milliseconds: Int64?
        var isUnknown: Bool
        var isEndless: Bool

        var words: String {
            guard let setting else { return isUnknown ? "?" : isEndless ? "nothing" : "a timeout" }
            return milliseconds.map { "\(setting) \(Wording.span(milliseconds: $0))" } ?? setting
        }
    }

    var cause: Cause {
        Cause(
            setting: setting, milliseconds: milliseconds, isUnknown: isUnknown, isEndless: seconds == nil)
    }

    var end: WhyAlive.End { seconds.map { .within($0) } ?? (isUnknown ? .unknown : .never) }

    /// `timeout tunnel 1h`, `timeout tunnel`, `nothing`, `?`
    package var words: String { cause.words }

    /// How long a connection without a stream may stay, from its last byte on.
    enum Limit: Equatable, Sendable {
        case unknown, endless
        case after(LoadedTimeouts.Name, milliseconds: Int64)
    }
}

extension WorkerConnection {
    /// What bounds it, by the timeouts that its worker was loaded with.
    package func bound(_ timeouts: Known<LoadedTimeouts>) -> ConnectionBound {
        var unnamed: [LoadedTimeouts.Name: ConnectionBound.Limit] = [:]
        return bound(timeouts, unnamed: &unnamed)
    }

    /// The same. `unnamed`: the limits of connections whose frontend nobody names, kept from one to the next.
    func bound(
        _ timeouts: Known<LoadedTimeouts>, unnamed: inout [LoadedTimeouts.Name: ConnectionBound.Limit]
    ) -> ConnectionBound {
        switch activity {
        case .admin:
            let limit = timeouts.value?.adminMilliseconds
            guard let left = deadlines[.clientRead] ?? expires else { return ConnectionBound(seconds: nil) }
            return ConnectionBound(seconds: Double(left), setting: "stats timeout", milliseconds: limit)
        case .peers: return .unknown
        case .silent, .head: return reckoned(.httpRequest, timeouts, &unnamed)
        case .idle: return reckoned(.httpKeepAlive, timeouts, &unnamed)
        case .tarpit: return told(.request, .tarpit, timeouts)
        case .queue: return told(.connect, .queue, timeouts)
        case .connect: return told(.connect, .connect, timeouts)
        case .waiting, .request, .response, .tunnel, .reply: return earliest(timeouts)
        case .unknown: return .unknown
        }
    }

    private func named(
        _ name: LoadedTimeouts.Name, _ seconds: Double?, _ timeouts: Known<LoadedTimeouts>
    ) -> ConnectionBound {
        let loaded = timeouts.value?.timeout(name, frontend: frontend, backend: backend)
        return ConnectionBound(
            seconds: seconds, setting: (loaded?.name ?? name).words, milliseconds: loaded?.milliseconds)
    }

    /// A deadline that the proxy tells; without one it waits for ever.
    private func told(
        _ deadline: Deadline, _ name: LoadedTimeouts.Name, _ timeouts: Known<LoadedTimeouts>
    ) -> ConnectionBound {
        guard let left = deadlines[deadline] ?? expires else { return ConnectionBound(seconds: nil) }
        return named(name, Double(left), timeouts)
    }

    /// A connection without a stream: its timeout runs at most from its last byte.
    private func reckoned(
        _ name: LoadedTimeouts.Name, _ timeouts: Known<LoadedTimeouts>,
        _ unnamed: inout [LoadedTimeouts.Name: ConnectionBound.Limit]
    ) -> ConnectionBound {
        let known = frontend == nil ? unnamed[name] : nil
        let found = known ?? limit(name, timeouts)
        if frontend == nil { unnamed[name] = found }
        switch found {
        case .unknown: return .unknown
        case .endless: return ConnectionBound(seconds: nil)
        case .after(let name, let milliseconds):
            let left = max(0, Double(milliseconds) / 1000 - (clientSide?.idle ?? 0))
            return ConnectionBound(seconds: left, setting: name.words, milliseconds: milliseconds)
        }
    }

    private func limit(
        _ name: LoadedTimeouts.Name, _ timeouts: Known<LoadedTimeouts>
    ) -> ConnectionBound.Limit {
        guard let loaded = timeouts.value else { return .unknown }
        // Which proxy's, is not known where no stream names it: then the longest of all frontends.
        let candidates = frontend.map { [$0] } ?? loaded.frontends.keys.sorted()
        let limits = candidates.map { loaded.timeout(name, frontend: $0, backend: nil) }
        guard !limits.isEmpty else { return .unknown }
        guard limits.allSatisfy({ $0 != nil }), let longest = limits.compactMap(\.self).max(by: shorter)
        else { return .endless }
        return .after(longest.name, milliseconds: longest.milliseconds)
    }

    private func shorter(
        _ left: (name: LoadedTimeouts.Name, milliseconds: Int64),
        _ right: (name: LoadedTimeouts.Name, milliseconds: Int64)
    ) -> Bool { left.milliseconds < right.milliseconds }

    /// The first of the deadlines on both sides.
    private func earliest(_ timeouts: Known<LoadedTimeouts>) -> ConnectionBound {
        guard let first = deadlines.min(by: { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) })
        else {
            guard let expires else { return ConnectionBound(seconds: nil) }
            return named(onlyDeadline(timeouts), Double(expires), timeouts)
        }
        return named(name(of: first.key, timeouts), Double(first.value), timeouts)
    }

    /// Which timeout it is where the proxy tells only when the next one is due.
    private func onlyDeadline(_ timeouts: Known<LoadedTimeouts>) -> LoadedTimeouts.Name {
        switch activity {
        case .waiting: .server
        case .request: .client
        case .response: (clientSide?.unsent ?? 0) > 0 ? .client : .server
        case .tunnel: tunnel(timeouts) ?? .client
        default: .client
        }
    }

    private func name(of deadline: Deadline, _ timeouts: Known<LoadedTimeouts>) -> LoadedTimeouts.Name {
        let isOfClient = deadline == .clientRead || deadline == .clientWrite
        guard activity == .tunnel else { return isOfClient ? .client : .server }
        let isHalfClosed = deadlines.count == 1
        if isHalfClosed {
            let final: LoadedTimeouts.Name = isOfClient ? .clientFin : .serverFin
            if timeouts.value?.timeout(final, frontend: frontend, backend: backend) != nil { return final }
        }
        if let tunnel = tunnel(timeouts) { return tunnel }
        return isOfClient ? .client : .server
    }

    /// `timeout tunnel` where it is set, or where both sides have the same deadline and the files are not known.
    private func tunnel(_ timeouts: Known<LoadedTimeouts>) -> LoadedTimeouts.Name? {
        if let loaded = timeouts.value {
            return loaded.timeout(.tunnel, frontend: frontend, backend: backend) == nil ? nil : .tunnel
        }
        let client = deadlines[.clientRead] ?? deadlines[.clientWrite]
        let server = deadlines[.serverRead] ?? deadlines[.serverWrite]
        return client == server ? .tunnel : nil
    }
}

extension Wording {
    /// A setting's value as a file has it: `50s`, `1h`, `90s`, `1500ms`.
    package static func span(milliseconds: Int64) -> String {
        for (unit, size) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
        where milliseconds >= size && milliseconds % size == 0 {
            return "\(milliseconds / size)\(unit)"
        }
        return "\(milliseconds)ms"
    }
}
