// Text that somebody else wrote (names, log lines, addresses, reasons) cannot drive the terminal, wherever it shows.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct HostileTextTests {
    /// Escape sequences, C1 controls, bidi overrides, wide and zero-width characters, broken UTF-8, marks in heaps.
    private static let texts = [
        "\u{1b}[2J\u{1b}[H\u{1b}]0;owned\u{07}", "\u{9b}31m\u{9d}52;c;aGk=\u{9c}",
        "a\nb\r\tc\u{0}\u{7f}\u{8}",
        "\u{202e}drowssap\u{202c}\u{2066}\u{2069}\u{200b}\u{200d}\u{feff}", "日本語🚀👩‍👩‍👧한글",
        "e" + String(repeating: "\u{301}", count: 40),
        String(decoding: [0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80], as: UTF8.self),
        "\u{e000}\u{fffd}\u{10ffff}\u{85}\u{2028}\u{ad}", String(repeating: "\u{115f}\u{1160}", count: 9),
    ]

    private static func state(_ text: String, _ columns: Int, _ rows: Int, _ repertoire: Repertoire) -> State
    {
        var snapshot = Fixture.moved
        snapshot.proxy.version = .known(text)
        snapshot.proxy.masterSocket = .known(text)
        snapshot.reloads.append(
            ReloadRecord(
                at: Fixture.now, attempt: 30, result: .failed, durationMilliseconds: .known(4),
                source: .journal, reason: text,
                author: ReloadAuthor(
                    certainty: .seen, chain: [ProcessLink(pid: 1, name: text)], command: text, user: text,
                    why: text)))
        let moves = ConnectionMoves(idle: 1, tunnels: 0, stayed: [.init(text, count: 1)])
        snapshot.reloads[0].verdict.drains[0].moves = .known(moves)
        snapshot.reloads[2].verdict.drains[0].moves = .known(moves)
        snapshot.newLines.append(LogLine(at: Fixture.now, severity: .critical, source: .journal, text: text))
        snapshot.alerts.append(Alert(kind: .failedReload, severity: .critical, message: text))
        snapshot.blindness = [Blindness(what: text, unknown: Unknown(text, remedy: text))]
        snapshot.workers[3].holders = .known([Holder(kind: .adminSession, count: 1, who: text)])
        snapshot.workers[4].killIn = .unknown(Unknown(text, remedy: text))
        return Fixture.state(snapshot, columns, rows, repertoire)
    }

    /// What is wrong with a frame's cells; empty when a terminal can only print them.
    private static func faults(_ frame: Frame) -> [String] {
        var faults: [String] = []
        for row in 0..<frame.size.rows {
            for column in 0..<frame.size.columns {
                let cell = frame[column, row]
                if cell.scalar == 0 {
                    let isRightHalf =
                        column > 0
                        && Unicode.Scalar(frame[column - 1, row].scalar)
                            .map { CharacterWidth.columns(of: $0) == 2 } == true
                    if !isRightHalf { faults.append("half a character at \(column),\(row)") }
                    continue
                }
                for value in [cell.scalar, cell.mark] where value != 0 {
                    guard let scalar = Unicode.Scalar(value), VisibleText.spelling(of: scalar) == nil else {
                        faults.append("U+\(String(value, radix: 16)) at \(column),\(row)")
                        continue
                    }
                    if frame.repertoire == .ascii, value > 0x7E {
                        faults.append("not ASCII at \(column),\(row)")
                    }
                }
            }
        }
        return faults
    }

    @Test(arguments: texts) func noCellDrivesTheTerminal(_ text: String) {
        for repertoire in [Repertoire.unicode, .ascii] {
            for (columns, rows) in [(80, 24), (120, 40), (50, 8), (7, 3)] {
                for kind in ViewKind.allCases {
                    var state = Self.state(text, columns, rows, repertoire)
                    state.press(.character(kind.digit))
                    for keys in [[], [Key.end, .enter], [.function(1), .end], [.escape, .character("y")]] {
                        for key in keys { state.press(key) }
                        let faults = Self.faults(view(state))
                        #expect(faults.isEmpty, "\(kind) \(columns)x\(rows): \(faults.prefix(3))")
                    }
                }
                var connecting = State(
                    size: Size(columns: columns, rows: rows), settings: Settings(repertoire: repertoire))
                _ = update(&connecting, .progress(text))
                #expect(Self.faults(view(connecting)).isEmpty)
                let master = RunningMaster(
                    pid: 7, program: .haproxy, commandLine: text, masterSocket: .known(text))
                var configured = master
                configured.configuration = [text]
                _ = update(&connecting, .found([master, configured]))
                #expect(Self.faults(view(connecting)).isEmpty)
                _ = update(&connecting, .notAttached(text))
                #expect(Self.faults(view(connecting)).isEmpty)
            }
        }
    }

    @Test(arguments: texts) func aTypedFilterDoesNotEither(_ text: String) {
        var state = Self.state("plain", 80, 24, .unicode)
        state.press(.character("/"))
        state.type(text)
        #expect(Self.faults(view(state)).isEmpty)
        _ = update(&state, .exported(text))
        #expect(Self.faults(view(state)).isEmpty)
    }
}
