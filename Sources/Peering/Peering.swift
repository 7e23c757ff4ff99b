// All that a worker shares of its stick tables: with the peers of its `peers` sections, and with the workers before
// and after it.

import ConfigLanguage
import Polling
import StickTables
import Unix

/// The sharing of one worker's tables.
package final class Peering {
    package private(set) var sections: [RunningSection] = []
    package let succession: Succession
    private let configuration: Configuration
    private let loop: EventLoop
    private let tables: [StickTable]
    private let report: (String) -> Void
    private let log: (_ section: String, String) -> Void
    private var isTelling = false

    /// `tables`: all of the worker. `report`: a warning for the worker's log. `log`: a line for what `log` of a section
    /// names.
    package init(
        _ configuration: Configuration, tables: [StickTable], on loop: EventLoop,
        report: @escaping (String) -> Void, log: @escaping (_ section: String, String) -> Void = { _, _ in }
    ) {
        self.log = log
        self.configuration = configuration
        self.loop = loop
        self.report = report
        let names = Set(configuration.peers.filter { !$0.disabled }.map(\.name))
        self.tables = tables.filter { $0.definition.peers.map(names.contains) ?? false }
        succession = Succession(tables: self.tables, on: loop, report: report)
        for table in self.tables {
            table.changed = { [unowned self] in noteChange() }
        }
    }

    /// Something here outlives a reload.
    package var sharesTables: Bool { !tables.isEmpty }

    /// Begins to talk with peers. `sockets`: where each section listens, by its name. `hasLearned`: everything has come
    /// from the worker before this one.
    package func start(sockets: [String: Int32], hasLearned: Bool) throws(Errno) {
        for section in configuration.peers where !section.disabled {
            let running = RunningSection(
                section, localName: configuration.localPeer,
                tables: tables.filter { $0.definition.peers == section.name }, hasLearned: hasLearned,
                on: loop
            ) { [report, log] text in
                report(text)
                log(section.name, text)
            }
            sections.append(running)
            try running.start(listening: sockets[section.name])
        }
    }

    /// A successor serves: it talks with the peers now. What changes here is told to it until `finish`.
    package func stop() {
        for section in sections { section.stop() }
    }

    /// The last thing before an exit.
    package func finish() {
        stop()
        succession.finish()
    }

    private func noteChange() {
        guard !isTelling else { return }
        isTelling = true
        loop.atEndOfRound { [unowned self] in
            isTelling = false
            for section in sections { section.tell() }
            succession.tell()
        }
    }
}
