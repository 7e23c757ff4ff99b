// The file of preferences: what it takes, how it says what is wrong, and that the command line holds over it.

import Preferences
import Testing

@Suite struct PreferenceTests {
    private func fault(_ text: String) -> String? {
        do {
            _ = try PreferenceFile(text, name: "config")
            return nil
        } catch {
            return error.description
        }
    }

    @Test func theTemplateChangesNothing() throws {
        #expect(try PreferenceFile(Preference.template, name: "config").values.isEmpty)
        for preference in Preference.all { #expect(Preference.template.contains("#\(preference.name) = ")) }
    }

    @Test func theTemplateWithoutItsMarksIsTaken() throws {
        let lines = Preference.template.split(separator: "\n").filter { line in
            line.hasPrefix("#") && !line.hasPrefix("# ") && !line.hasSuffix("= ")
        }
        let file = try PreferenceFile(lines.map { $0.dropFirst() }.joined(separator: "\n"), name: "config")
        #expect(file.values.map(\.name) == Preference.all.filter { $0.standard != nil }.map(\.name))
    }

    @Test func whatIsWrongIsToldWithItsPlace() {
        #expect(
            fault("\n# all is well\ninterval = fast\n")
                == "config:3: 'interval' needs a number from 0.1 to 3600, found 'fast'; nothing of this file holds"
        )
        #expect(fault("interval = 0")?.contains("from 0.1 to 3600, found '0'") == true)
        #expect(fault("ascii = true")?.contains("config:1: 'ascii' needs yes or no, found 'true'") == true)
        #expect(fault("stack-limit = -1")?.contains("a whole number from 0") == true)
        #expect(fault("colour = no")?.contains("expected one of master-socket, interval") == true)
        #expect(fault("colour = no")?.contains("found 'colour'") == true)
        #expect(fault("interval 5")?.contains("expected 'name = value', found 'interval 5'") == true)
    }

    @Test func thresholdsBecomeWordsOfOneOption() throws {
        let file = try PreferenceFile("used-warning = 0.9\nspinning-looks = 5", name: "config")
        let own = ["--threshold=used-warning=0.9", "--threshold=spinning-looks=5"]
        // The last holds: the command line's.
        #expect(
            file.arguments(before: ["--threshold", "used-warning=0.5"])
                == own + ["--threshold", "used-warning=0.5"])
        #expect(fault("used-warning = 2")?.contains("a number from 0 to 1, found '2'") == true)
    }

    @Test func theCommandLineHolds() throws {
        let file = try PreferenceFile(
            """
            interval = 5
              stack-limit=9
            log-file = /var/log/haproxy log
            ascii = yes
            no-color = no
            master-socket = /run/haproxy-master.sock
            """, name: "config")
        let all = [
            "--interval=5", "--stack-limit=9", "--log-file=/var/log/haproxy log", "--ascii",
            "--master-socket=/run/haproxy-master.sock",
        ]
        #expect(file.arguments(before: ["--once"]) == all + ["--once"])
        #expect(file.arguments(before: ["--interval", "2"]).contains("--interval=5") == false)
        #expect(file.arguments(before: ["--interval=2"]).contains("--interval=5") == false)
        #expect(
            file.arguments(before: ["--journal-unit", "x"]).contains { $0.hasPrefix("--log-file") } == false)
        #expect(file.arguments(before: ["--demo"]).contains { $0.hasPrefix("--master-socket") } == false)
        #expect(file.arguments(before: ["--pid", "7"]).contains { $0.hasPrefix("--master-socket") } == false)
        #expect(
            file.arguments(before: ["doctor", "--json"])
                == ["doctor", "--master-socket=/run/haproxy-master.sock", "--json"])
        // The preferences are about a proxy here.
        #expect(file.arguments(before: ["rollout", "--json"]) == ["rollout", "--json"])
        for word in ["--help", "--version", "--write-config"] {
            #expect(PreferenceFile.isNotNeeded(for: [word]))
        }
    }
}
