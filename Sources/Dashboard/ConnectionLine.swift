// One connection as a line: who, from where to where, what it waits for, how long it is still and what ends it.

import ReloadModel
import TextUI

struct ConnectionLine {
    private let columns: [Column]
    private let places: [Range<Int>?]

    init(width: Int) {
        columns = [
            Column("CLIENT", .left, width: 30, minimum: 15, rank: 0),
            Column("FRONTEND", .left, width: 16, minimum: 8, rank: 4),
            Column("SERVER", .left, width: 24, minimum: 8, rank: 3),
            Column("STATE", .left, width: 9, rank: 0),
            Column("AGE", .right, width: 6, rank: 5),
            Column("IDLE", .right, width: 6, rank: 1),
            Column("ENDS IN", .right, width: 7, rank: 2),
            Column("BY", .left, width: 24, minimum: 12, rank: 6),
            Column("TCP", .left, width: 23, minimum: 16, rank: 7),
            Column("IN/OUT", .right, width: 11, rank: 8),
        ]
        places = Column.place(columns, width: max(1, width - 1))
    }

    var head: StyledText {
        line(columns.map { ($0.title, Style(.grey).bold) })
    }

    func line(_ connection: WorkerConnection, _ timeouts: Known<LoadedTimeouts>) -> StyledText {
        let bound = connection.bound(timeouts)
        let idle = connection.idle.map(Figures.span) ?? "?"
        return line([
            (connection.holder?.words ?? connection.client, .strong),
            (Self.frontend(connection), .value),
            (Self.server(connection), .value),
            (connection.activity.rawValue, .value),
            (connection.age.map { Figures.span(Double($0)) } ?? "?", .value),
            (idle, idle == "?" ? .unknown : .value),
            (Self.end(bound), .value),
            (bound.words, .label),
            (Self.states(connection), .label),
            (Self.bytes(connection), .label),
        ])
    }

    static func frontend(_ connection: WorkerConnection) -> String {
        connection.frontend ?? connection.listener.map { ":\($0)" } ?? "?"
    }

    static func server(_ connection: WorkerConnection) -> String {
        guard let backend = connection.backend else { return "–" }
        return connection.server.map { "\(backend)/\($0)" } ?? backend
    }

    static func end(_ bound: ConnectionBound) -> String {
        bound.seconds.map(Figures.span) ?? (bound.isUnknown ? "?" : "never")
    }

    /// `ESTAB/ESTAB`: the client's side and the server's.
    static func states(_ connection: WorkerConnection) -> String {
        func word(_ end: TCPEnd?) -> String {
            guard let state = end?.state else { return "-" }
            return state == .established ? "ESTAB" : state == .closed ? "RESET" : state.word
        }
        return "\(word(connection.clientSide))/\(word(connection.serverSide))"
    }

    private static func bytes(_ connection: WorkerConnection) -> String {
        guard let received = connection.received, let sent = connection.sent else { return "?" }
        return "\(Figures.bytes(Int(clamping: received)))/\(Figures.bytes(Int(clamping: sent)))"
    }

    private func line(_ cells: [(text: String, style: Style)]) -> StyledText {
        var line = StyledText()
        var x = 0
        for (index, place) in places.enumerated() {
            guard let place else { continue }
            let text = Self.clipped(VisibleText.of(cells[index].text), place.count)
            let width = CharacterWidth.columns(of: text)
            let start = columns[index].alignment == .right ? place.upperBound - width : place.lowerBound
            line =
                line + StyledText(String(repeating: " ", count: max(0, start - x)))
                + StyledText(text, cells[index].style)
            x = start + width
        }
        return line
    }

    private static func clipped(_ text: String, _ width: Int) -> String {
        guard CharacterWidth.columns(of: text) > width else { return text }
        var cut = Substring(text)
        while !cut.isEmpty, CharacterWidth.columns(of: String(cut)) >= width { cut.removeLast() }
        return cut + "…"
    }
}
