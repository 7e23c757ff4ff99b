// Configurations with the faulty words marked inside the text: `maxconn ⟦many⟧`.

@testable import ConfigLanguage

/// A text and the words that were marked in it.
struct MarkedText {
    let text: String
    /// In the order of the text: line, and the columns of the word, all from 1.
    let marks: [Mark]

    struct Mark: Hashable {
        let line: Int
        let columns: Range<Int>
    }

    init(_ marked: String) {
        var text: [UInt8] = []
        var marks: [Mark] = []
        var line = 1
        var column = 1
        var opened = 1
        for character in marked {
            switch character {
            case "⟦": opened = column
            case "⟧": marks.append(Mark(line: line, columns: opened..<column))
            default:
                text.append(contentsOf: String(character).utf8)
                column += String(character).utf8.count
                if character == "\n" { (line, column) = (line + 1, 1) }
            }
        }
        self.text = String(decoding: text, as: UTF8.self)
        self.marks = marks
    }
}

/// A small outside world.
enum World {
    static let files: [String: String] = [
        "/errors/503.http":
            "HTTP/1.0 503 Service Unavailable\r\nCache-Control: no-cache\r\nContent-Type: text/html\r\n\r\n<html>\n",
        "/errors/empty": "",
        "/errors/bad": "root:x:0:0\n",
        "/pages/hello.txt": "hello\n",
        "/lists/paths": "# paths\n\n/a\n  /b  \n",
        "/lists/percent": "100 %",
    ]

    static func surroundings(_ environment: [String: String] = [:]) -> Surroundings {
        Surroundings(
            environment: environment, hostName: "host1",
            readFile: { path in
                files[path].map { .success(Array($0.utf8)) }
                    ?? .failure(OutsideFailure("No such file or directory"))
            },
            userID: { ["haproxy": 107, "root": 0][$0] },
            groupID: { ["haproxy": 113, "root": 0][$0] },
            resolve: { host, family in
                switch (host, family) {
                case ("origin", .ipv6): .success("2001:db8::1")
                case ("origin", _): .success("192.0.2.1")
                default: .failure(OutsideFailure("Name or service not known"))
                }
            })
    }

    static func parse(_ text: String, environment: [String: String] = [:]) -> ParseResult {
        ConfigurationParser.parse([Source(name: "t.cfg", text: text)], in: surroundings(environment))
    }
}

extension ParseResult {
    var messages: [String] { diagnostics.map(\.message) }

    var alerts: [Diagnostic] {
        diagnostics.filter { $0.severity == .alert && !$0.message.hasPrefix("Fatal errors") }
            .filter { !$0.message.hasPrefix("Error(s) found") }
    }

    var warnings: [Diagnostic] { diagnostics.filter { $0.severity == .warning } }
}
