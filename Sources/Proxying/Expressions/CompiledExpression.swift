// An expression with everything that it names found: tables, backends, variables, maps.

import ConfigLanguage
import HTTP1
import StickTables
import Unix

/// What expressions of one proxy may name.
struct ExpressionNames {
    let core: ProxyCore
    /// The proxy whose line it is.
    let proxy: String

    func table(_ name: String?) -> StickTable? { core.tables[name ?? proxy] }
}

final class CompiledExpression {
    private let fetch: CompiledFetch
    private let converters: [CompiledConverter]
    private let needsRequest: Bool
    /// A header may have several, where none is asked for by its number.
    let mayHaveSeveralValues: Bool
    let text: String

    init(_ expression: Expression, _ names: ExpressionNames) {
        fetch = CompiledFetch(expression.fetch, names)
        converters = expression.converters.map { CompiledConverter($0, names) }
        needsRequest = expression.fetch.need == .request
        mayHaveSeveralValues = fetch.mayHaveSeveralValues
        text = expression.text
    }

    /// Its value here; nil: there is none.
    func value(in scene: Scene) -> Sample? {
        scene.core.arena.reset()
        if needsRequest { scene.core.inspection.noteRequestMissed() }
        guard let sample = fetch.value(in: scene) else { return nil }
        return converted(sample, scene)
    }

    /// Whether any of its values is as wanted: a header may have several.
    func anyValue(in scene: Scene, _ isWanted: (Sample) -> Bool) -> Bool {
        scene.core.arena.reset()
        if needsRequest { scene.core.inspection.noteRequestMissed() }
        var found = false
        fetch.eachValue(in: scene) { sample in
            if let value = converted(sample, scene), isWanted(value) { found = true }
            return !found
        }
        return found
    }

    @inline(__always)
    private func converted(_ sample: Sample, _ scene: Scene) -> Sample? {
        if converters.isEmpty { return sample }
        var value = sample
        for converter in converters {
            guard let next = converter.value(of: value, in: scene) else { return nil }
            value = next
        }
        return value
    }
}

/// A fetch ready to run.
enum CompiledFetch {
    case constant(Sample)
    case text(ConstantBytes)
    case plain(Fetch)
    case header(name: [UInt8], Occurrence, inResponse: Bool, whole: Bool, kind: HeaderKind)
    case headerCount(name: [UInt8]?, inResponse: Bool, whole: Bool)
    case parameter(name: [UInt8], delimiter: UInt8, isNumber: Bool)
    case cookie(name: [UInt8], inResponse: Bool, CookieReading)
    case usableServers(BackendReference)
    case backendConnections(BackendReference)
    case frontendConnections(name: String?)
    /// The table that was named, else the one that the slot tracks.
    case tracked(TableReading, slot: Int, StickTable?)
    case ofSource(TableReading, StickTable)
    case tableEntries(StickTable)
    case tableRoom(StickTable)
    case variable(Variable)
    /// What it names does not exist here.
    case nothing

    enum HeaderKind { case text, address, number }

    var mayHaveSeveralValues: Bool {
        if case .header(_, .any, _, _, _) = self { true } else { false }
    }

    init(_ fetch: Fetch, _ names: ExpressionNames) {
        switch fetch {
        case .constant(let value): self = .constant(.bool(value))
        case .integer(let number): self = .constant(.integer(number))
        case .string(let text): self = .text(ConstantBytes(text))
        case .header(let name, let occurrence, let inResponse, let whole):
            self = .header(name: name, occurrence, inResponse: inResponse, whole: whole, kind: .text)
        case .headerAddress(let name, let occurrence, let inResponse):
            self = .header(name: name, occurrence, inResponse: inResponse, whole: false, kind: .address)
        case .headerNumber(let name, let occurrence, let inResponse):
            self = .header(name: name, occurrence, inResponse: inResponse, whole: false, kind: .number)
        case .headerCount(let name, let inResponse, let whole):
            self = .headerCount(name: name, inResponse: inResponse, whole: whole)
        case .queryParameter(let name, let delimiter, let isNumber):
            self = .parameter(name: name, delimiter: delimiter, isNumber: isNumber)
        case .cookie(let name, let inResponse, let reading):
            self = .cookie(name: name, inResponse: inResponse, reading)
        case .usableServers(let name): self = .usableServers(BackendReference(name: name))
        case .backendConnections(let name): self = .backendConnections(BackendReference(name: name))
        case .frontendConnections(let name): self = .frontendConnections(name: name)
        case .tracked(let reading, let slot, let table):
            self = .tracked(reading, slot: slot, table == nil ? nil : names.table(table))
        case .ofSource(let reading, let table):
            self = names.table(table).map { .ofSource(reading, $0) } ?? .nothing
        case .tableEntries(let table): self = names.table(table).map { .tableEntries($0) } ?? .nothing
        case .tableRoom(let table): self = names.table(table).map { .tableRoom($0) } ?? .nothing
        case .variable(let variable): self = .variable(variable)
        case .random, .now, .source, .destination, .sourcePort, .destinationPort, .path, .pathQuery, .target,
            .query,
            .base, .method, .version, .status, .backendName, .frontendName, .serverName, .hostName,
            .processID,
            .uniqueNumber, .inputLength, .waitEnd, .isHTTP, .tls,
            .helloServerName, .helloType:
            self = .plain(fetch)
        }
    }
}

/// A backend by name, or the one of the stream.
struct BackendReference {
    let name: String?

    func backend(in scene: Scene) -> Backend? {
        guard let name else { return scene.stream?.backend ?? scene.client.frontend.defaultBackend }
        return scene.core.backendsByName[name]
    }
}
