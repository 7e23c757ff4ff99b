// The stick tables of a worker: made from the configuration, and swept while they have entries.

import ConfigLanguage
import Glibc
import Polling
import StickTables
import Unix

extension ProxyCore {
    /// Tables by name.
    static func makeTables(_ configuration: Configuration) -> [String: StickTable] {
        var tables: [String: StickTable] = [:]
        for proxy in configuration.proxies where !proxy.settings.disabled {
            guard let definition = proxy.stickTable, tables[proxy.name] == nil else { continue }
            tables[proxy.name] = StickTable(definition, seed: .random(in: .min ... .max))
        }
        for definition in configuration.peers.flatMap(\.tables) {
            tables[definition.name] = StickTable(definition, seed: .random(in: .min ... .max))
        }
        return tables
    }

    /// As `show table` lists them: the last of the configuration first.
    package var tableList: [StickTable] {
        var seen: Set<String> = []
        let names =
            configuration.proxies.reversed().map(\.name)
            + configuration.peers.reversed().flatMap { $0.tables.reversed().map(\.name) }
        return names.compactMap { seen.insert($0).inserted ? tables[$0] : nil }
    }

    /// The present moment for tables.
    package var tableTick: Tick { tick }

    private static let sweepNanoseconds: Int64 = 1_000_000_000

    /// Begins to remove what has expired, once a second.
    func startSweeping() {
        guard tables.values.contains(where: { $0.definition.expire > 0 }) else { return }
        let timer = Timer(on: loop) { [unowned self] in sweepTables() }
        sweeper = timer
        sweepTables()
    }

    private func sweepTables() {
        for table in tables.values where table.definition.expire > 0 && table.used > 0 {
            table.sweep(now: tick)
        }
        sweeper?.set(at: loop.now.advanced(byNanoseconds: Self.sweepNanoseconds))
    }
}

extension ProxyCore {
    static var systemName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
