// The configuration as it was at each load of a real proxy, and what lies on the disk meanwhile.

import Glibc
import Observing
import ReloadModel
import TestSupport
import Testing

@Suite(.serialized) struct ArchiveTests {
    private func text(_ version: ConfigurationVersion) -> String {
        version.files.value.map { $0.map { String(decoding: $0.bytes, as: UTF8.self) }.joined() } ?? "?"
    }

    @Test(arguments: ProxyKind.allCases)
    func eachLoadKeepsItsFiles(kind: ProxyKind) throws {
        let watched = try WatchedProxy(kind)
        let first = watched.last.configuration
        #expect(first.versions.count == 1)
        #expect(text(first.versions[0]) == watched.goodConfiguration)

        // Changed and not loaded.
        let second = watched.goodConfiguration + "# second\n"
        try watched.proxy.configure(second)
        let changed = try watched.look(for: "the change on disk") {
            if case .known(.differs(let names, _)) = $0.configuration.disk { return names.count == 1 }
            return false
        }
        #expect(changed.configuration.versions.count == 1)

        // A file that does not load is kept too, and is not in force.
        try watched.proxy.configure(watched.goodConfiguration + "  bogus word\n")
        watched.proxy.program.signal(SIGUSR2)
        let failed = try watched.look(for: "the failure") {
            $0.reloads.last?.result == .failed && $0.master.failedReloads.value == 1
        }
        #expect(failed.configuration.versions.count == 2)
        #expect(text(failed.configuration.versions[1]).contains("bogus"))
        #expect(failed.configuration.inForce == .known(0))

        try watched.proxy.configure(second)
        watched.proxy.program.signal(SIGUSR2)
        let loaded = try watched.look(for: "the reload") {
            $0.reloads.last?.result == .success && $0.configuration.disk == .known(.same)
        }
        let record = loaded.configuration
        #expect(record.versions.map(\.result) == [.success, .failed, .success])
        #expect(record.inForce == .known(2))
        #expect(text(record.versions[2]) == second)
        let before = try #require(record.before(2))
        let diff = ConfigurationDiff(
            from: before.files.value ?? [], to: record.versions[2].files.value ?? [])
        #expect(diff.lines.filter { $0.kind == .added }.map(\.text) == ["# second"])
        #expect(diff.removed == 0)

        // Whoever comes now sees what runs, and nothing of before.
        let late = try watched.freshLook().configuration
        #expect(late.versions.count == 1)
        #expect(text(late.versions[0]) == second)
    }

    @Test func whatWasChangedBeforeWeCameIsUnknown() throws {
        let watched = try WatchedProxy()
        try watched.proxy.configure(watched.goodConfiguration + "# later\n")
        let late = try watched.freshLook().configuration
        #expect(late.filesInForce.reason?.reason.contains("has changed since this worker read it") == true)
        #expect(late.disk.value == nil)
    }
}
