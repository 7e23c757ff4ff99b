// Runs fetches.

import ConfigLanguage
import Glibc
import HTTP1
import StickTables
import Unix

extension CompiledFetch {
    /// Every value, until `body` returns false: more than one for header fields only.
    func eachValue(in scene: Scene, _ body: (Sample) -> Bool) {
        guard case .header(let name, .any, let inResponse, let whole, let kind) = self else {
            if let sample = value(in: scene) { _ = body(sample) }
            return
        }
        eachElement(name, inResponse: inResponse, whole: whole, scene) { bytes in
            guard let sample = kind.sample(bytes) else { return true }
            return body(sample)
        }
    }

    func value(in scene: Scene) -> Sample? {
        switch self {
        case .constant(let sample): return sample
        case .text(let text): return .text(text.bytes)
        case .plain(let fetch): return plain(fetch, scene)
        case .header(let name, let occurrence, let inResponse, let whole, let kind):
            return header(name, occurrence, inResponse: inResponse, whole: whole, scene).flatMap {
                kind.sample($0)
            }
        case .headerCount(let name, let inResponse, let whole):
            return headerCount(name, inResponse: inResponse, whole: whole, scene)
        case .parameter(let name, let delimiter, let isNumber):
            guard let value = parameter(name, delimiter, scene) else { return nil }
            return isNumber ? HeaderKind.number.sample(value) : .text(value)
        case .cookie(let name, let inResponse, let reading):
            if reading == .count { return Self.cookieCount(name, inResponse: inResponse, scene) }
            guard let value = Self.cookie(name, inResponse: inResponse, scene) else { return nil }
            return reading == .number ? HeaderKind.number.sample(value) : .text(value)
        case .usableServers(let reference):
            guard let backend = reference.backend(in: scene) else { return .integer(0) }
            let active = backend.activeServers
            return .integer(Int64(active > 0 ? active : backend.backupServers))
        case .backendConnections(let reference):
            return .integer(Int64(reference.backend(in: scene)?.load.sessions.current ?? 0))
        case .frontendConnections(let name):
            let frontend =
                name == nil ? scene.client.frontend : scene.core.frontends.first { $0.name == name }
            return .integer(Int64(frontend?.load.sessions.current ?? 0))
        case .tracked(let reading, let slot, let table): return tracked(reading, slot, table, scene)
        case .ofSource(let reading, let table):
            guard let address = Sample(scene.client.peer) else { return nil }
            let inserts = reading.inserts
            let entry = table.entry(of: address, inserting: inserts, scene.core.arena, now: scene.now)
            return reading.value(of: entry, in: table, now: scene.now)
        case .tableEntries(let table): return .integer(Int64(table.used))
        case .tableRoom(let table): return .integer(Int64(table.definition.size - table.used))
        case .variable(let variable): return scene.value(of: variable)
        case .nothing: return nil
        }
    }

    private func tracked(_ reading: TableReading, _ slot: Int, _ table: StickTable?, _ scene: Scene)
        -> Sample?
    {
        guard let tracked = scene.tracked(slot) else {
            if case .exists = reading { return .bool(false) }
            return nil
        }
        guard let table, table !== tracked.table else {
            return reading.value(of: tracked.entry, in: tracked.table, now: scene.now)
        }
        let key = tracked.table.key(of: tracked.entry)
        guard table.definition.keyType == tracked.table.definition.keyType else { return nil }
        let entry =
            reading.inserts ? table.findOrInsert(key, now: scene.now) : table.find(key, now: scene.now)
        return reading.value(of: entry, in: table, now: scene.now)
    }

    // MARK: Without a table

    private func plain(_ fetch: Fetch, _ scene: Scene) -> Sample? {
        switch fetch {
        case .source: return Sample(scene.client.peer)
        case .destination: return Sample(scene.client.localAddress)
        case .sourcePort: return scene.client.peer.port.map { .integer(Int64($0)) }
        case .destinationPort: return scene.client.localAddress.port.map { .integer(Int64($0)) }
        case .random(let limit):
            return .integer(
                Int64(limit.map { UInt32.random(in: 0..<$0) } ?? UInt32.random(in: 0...UInt32.max)))
        case .now: return .integer(scene.core.wallClock.microseconds / 1_000_000)
        case .backendName: return name(scene.stream?.backend?.name, scene)
        case .frontendName: return name(scene.client.frontend.name, scene)
        case .serverName: return name(scene.stream?.server?.name, scene)
        case .hostName: return name(scene.core.hostName, scene)
        case .processID: return .integer(Int64(getpid()))
        case .uniqueNumber: return .integer(Int64(scene.stream?.id ?? 0))
        case .inputLength: return scene.core.inspection.length(in: scene)
        case .waitEnd: return .bool(scene.core.inspection.isOver())
        case .isHTTP: return scene.hasRequest ? .bool(true) : nil
        case .tls(let fetch): return fetch.value(in: scene)
        case .helloServerName: return scene.core.inspection.helloServerName(in: scene)
        case .helloType: return scene.core.inspection.helloType(in: scene)
        case .status: return scene.hasResponse ? .integer(Int64(scene.core.responseHead.status)) : nil
        default: return scene.hasRequest ? ofRequest(fetch, scene) : nil
        }
    }

    private func name(_ name: String?, _ scene: Scene) -> Sample? {
        name.flatMap { scene.core.arena.copy($0) }.map { .text($0) }
    }

    private func ofRequest(_ fetch: Fetch, _ scene: Scene) -> Sample? {
        let core = scene.core
        switch fetch {
        case .target: return .text(scene.part(core.requestHead.target))
        case .method: return .text(scene.part(core.requestHead.methodRange))
        case .path: return path(scene).map { .text(scene.part($0)) }
        case .pathQuery:
            return path(scene).map { .text(scene.part($0.lowerBound..<core.requestHead.target.upperBound)) }
        case .query:
            guard let start = scene.queryStart else { return nil }
            return .text(scene.part(start..<core.requestHead.target.upperBound))
        case .version:
            return .text(scene.part(core.requestHead.line.upperBound - 3..<core.requestHead.line.upperBound))
        case .base:
            guard let path = path(scene) else { return nil }
            let host = core.requestHead.section.host ?? 0..<0
            guard let room = core.arena.take(host.count + path.count) else { return nil }
            room.copyMemory(from: scene.part(host))
            UnsafeMutableRawBufferPointer(rebasing: room[host.count...]).copyMemory(from: scene.part(path))
            return .text(UnsafeRawBufferPointer(room))
        default: return nil
        }
    }

    private func path(_ scene: Scene) -> Range<Int>? {
        scene.core.requestHead.path(scene.head.assumingMemoryBound(to: UInt8.self).span)
    }

    // MARK: Header fields

    /// Each value of a field, lists taken apart unless `whole`.
    private func eachElement(
        _ name: [UInt8], inResponse: Bool, whole: Bool, _ scene: Scene,
        _ body: (UnsafeRawBufferPointer) -> Bool
    ) {
        let buffered = scene.head.assumingMemoryBound(to: UInt8.self)
        scene.eachField(name, inResponse: inResponse) { field in
            if whole { return body(scene.part(field.value)) }
            var goesOn = true
            buffered.span.eachListElement(of: field.value) { element in
                goesOn = body(scene.part(element))
                return goesOn
            }
            return goesOn
        }
    }

    private func header(
        _ name: [UInt8], _ occurrence: Occurrence, inResponse: Bool, whole: Bool, _ scene: Scene
    ) -> UnsafeRawBufferPointer? {
        var wanted = -1
        if case .number(let number) = occurrence { wanted = number }
        if wanted < 0 {
            var count = 0
            if wanted < -1 {
                eachElement(name, inResponse: inResponse, whole: whole, scene) { _ in
                    count += 1
                    return true
                }
                guard count + wanted >= 0 else { return nil }
                wanted = count + wanted + 1
            }
        }
        var found: UnsafeRawBufferPointer?
        var number = 0
        eachElement(name, inResponse: inResponse, whole: whole, scene) { bytes in
            number += 1
            if wanted == -1 {
                found = bytes
                return true
            }
            if number == wanted { found = bytes }
            return number < wanted
        }
        return found
    }

    private func headerCount(_ name: [UInt8]?, inResponse: Bool, whole: Bool, _ scene: Scene) -> Sample? {
        guard inResponse ? scene.hasResponse : scene.hasRequest else { return nil }
        guard let name else {
            return .integer(
                Int64(
                    inResponse
                        ? scene.core.responseHead.section.fields.count
                        : scene.core.requestHead.section.fields.count))
        }
        var count: Int64 = 0
        eachElement(name, inResponse: inResponse, whole: whole, scene) { _ in
            count += 1
            return true
        }
        return .integer(count)
    }

    /// The first parameter of this name behind the first `delimiter`.
    private func parameter(
        _ name: [UInt8], _ delimiter: UInt8, _ scene: Scene
    ) -> UnsafeRawBufferPointer? {
        guard scene.hasRequest, var start = scene.start(behind: delimiter) else { return nil }
        let end = scene.core.requestHead.target.upperBound
        let bytes = scene.head
        while start < end {
            var stop = start
            while stop < end, bytes[stop] != UInt8(ascii: "&"), bytes[stop] != UInt8(ascii: ";"),
                bytes[stop] != delimiter
            {
                stop += 1
            }
            if stop - start > name.count, bytes[start + name.count] == UInt8(ascii: "="),
                equal(bytes, start, name)
            {
                return scene.part(start + name.count + 1..<stop)
            }
            start = stop + 1
        }
        return nil
    }

    private func equal(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ name: [UInt8]) -> Bool {
        for offset in 0..<name.count where bytes[start + offset] != name[offset] { return false }
        return true
    }

    private static let requestCookies = Array("cookie".utf8)
    private static let responseCookies = Array("set-cookie".utf8)

    /// The value of a cookie: the last of its name in a request, the first in a response.
    static func cookie(_ name: [UInt8], inResponse: Bool, _ scene: Scene) -> UnsafeRawBufferPointer? {
        var found: UnsafeRawBufferPointer?
        scene.eachField(inResponse ? responseCookies : requestCookies, inResponse: inResponse) { field in
            eachCookie(scene.head, field.value, onlyFirst: inResponse) { key, value in
                let isIt = key.count == name.count && scene.part(key).elementsEqual(name)
                if isIt { found = scene.part(value) }
            }
            return !(inResponse && found != nil)
        }
        return found
    }

    private static func cookieCount(_ name: [UInt8], inResponse: Bool, _ scene: Scene) -> Sample? {
        guard inResponse ? scene.hasResponse : scene.hasRequest else { return nil }
        var count: Int64 = 0
        scene.eachField(inResponse ? responseCookies : requestCookies, inResponse: inResponse) { field in
            eachCookie(scene.head, field.value, onlyFirst: inResponse) { key, _ in
                if key.count == name.count && scene.part(key).elementsEqual(name) { count += 1 }
            }
            return true
        }
        return .integer(count)
    }

    /// The pairs of a cookie field: places of names and values, without blanks around them.
    static func eachCookie(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, onlyFirst: Bool,
        _ body: (Range<Int>, Range<Int>) -> Void
    ) {
        let span = bytes.assumingMemoryBound(to: UInt8.self).span
        var start = range.lowerBound
        while start < range.upperBound {
            var stop = start
            while stop < range.upperBound, bytes[stop] != UInt8(ascii: ";") { stop += 1 }
            var equals = start
            while equals < stop, bytes[equals] != UInt8(ascii: "=") { equals += 1 }
            if equals < stop { body(span.trimmed(start..<equals), span.trimmed(equals + 1..<stop)) }
            if onlyFirst { return }
            start = stop + 1
        }
    }
}

extension CompiledFetch.HeaderKind {
    func sample(_ bytes: UnsafeRawBufferPointer) -> Sample? {
        switch self {
        case .text: .text(bytes)
        case .address: Sample.text(bytes).address
        // What has no digits counts as 0, as in HAProxy.
        case .number: .integer(Sample.text(bytes).integer ?? 0)
        }
    }
}

extension Scene {
    /// Behind the `?` of the target; nil: there is none.
    var queryStart: Int? { start(behind: UInt8(ascii: "?")) }

    /// Behind the first such byte of the target.
    func start(behind delimiter: UInt8) -> Int? {
        let target = core.requestHead.target
        let bytes = core.headBytes
        var index = target.lowerBound
        while index < target.upperBound {
            if bytes[index] == delimiter { return index + 1 }
            index += 1
        }
        return nil
    }
}

extension TableReading {
    /// It makes an entry where there is none.
    var inserts: Bool {
        if case .increase = self { return true }
        return false
    }

    /// What it gives of an entry; nil where the table does not store it.
    func value(of entry: StickTable.Entry?, in table: StickTable, now: Tick) -> Sample? {
        switch self {
        case .exists: return .bool(entry != nil)
        case .uses: return .integer(Int64(entry.map { table.uses(of: $0) } ?? 0))
        case .value(let type):
            guard table.stores(type) else { return nil }
            guard let entry else { return .integer(0) }
            if case .rate = type.kind { return table.rate(entry, type, now: now).map { .integer(Int64($0)) } }
            return table.number(entry, type).map { .integer(Int64(truncatingIfNeeded: $0)) }
        case .kilobytes(let type):
            guard table.stores(type) else { return nil }
            return .integer(Int64(truncatingIfNeeded: (entry.flatMap { table.number($0, type) } ?? 0) >> 10))
        case .increase(let type):
            guard let entry else { return nil }
            if case .connCnt = type {
                table.add(1, to: type, of: entry)
                table.touch(entry, now: now)
                return table.number(entry, type).map { .integer(Int64($0)) }
            }
            let rate: DataType = type == .gpc0 ? .gpc0Rate : .gpc1Rate
            guard table.stores(type) || table.stores(rate) else { return nil }
            table.increase(type, rate, of: entry, now: now)
            let count = table.number(entry, type) ?? UInt64(table.rate(entry, rate, now: now) ?? 0)
            return .integer(Int64(truncatingIfNeeded: count))
        case .remaining: return entry.map { .integer(Int64(table.remaining($0, now: now))) }
        case .idle:
            guard table.definition.expire > 0 else { return entry.map { _ in .integer(0) } }
            return entry.map {
                .integer(Int64(table.definition.expire) - Int64(table.remaining($0, now: now)))
            }
        case .clear(let type):
            guard let entry, let old = table.number(entry, type) else { return .integer(0) }
            table.set(entry, type, to: 0)
            table.touch(entry, now: now)
            return .integer(Int64(truncatingIfNeeded: old))
        }
    }
}

extension StickTable {
    /// A general purpose counter and its rate.
    func increase(_ counter: DataType, _ rate: DataType, of entry: Entry, now: Tick) {
        add(1, to: counter, of: entry)
        count(1, in: rate, of: entry, now: now)
        touch(entry, now: now)
    }
}
