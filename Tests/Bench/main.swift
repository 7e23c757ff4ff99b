// `make bench`: figures of mwproxy beside HAProxy, as a Markdown table of ratios and targets.
//
// The proxy runs on CPU 0, this process (load and origin, one loop) on CPU 1. Each figure is taken from the two
// in turn, several times; a ratio is the median of the rounds' own ratios, so that what disturbs the machine
// for a while disturbs both.

import Demo
import Glibc
import Polling
import TestSupport
import Unix

if let role = DemoRole(arguments: CommandLine.arguments.dropFirst()) { exit(role.run()) }

do {
    let options = try BenchOptions(arguments: Array(CommandLine.arguments.dropFirst()))
    try Machine.prepare()
    var table = FigureTable(subjects: options.subjects)
    for section in options.sections {
        switch section {
        case .cost: try CostSection.run(options, into: &table)
        case .rules: try RulesSection.run(options, into: &table)
        case .tables: try TablesSection.run(options, into: &table)
        case .tls: try TLSSection.run(options, into: &table)
        case .memory: try MemorySection.run(options, into: &table)
        case .reload: try ReloadSection.run(options, into: &table)
        case .moves: try MovesSection.run(options, into: &table)
        case .dashboard: try DashboardSection.run(options, into: &table)
        }
    }
    print(table.markdown)
} catch let usage as BenchUsage {
    print(usage.text)
    exit(usage.code)
} catch {
    print("bench: \(error)")
    exit(1)
}
