// Texts with variables and expressions, put together for a request, an answer or a line of the log.

import ConfigLanguage
import Unix

/// A log-format string at work.
final class TextTemplate {
    private enum Part {
        case text([UInt8])
        case expression(CompiledExpression, Style)
        case variable(LogVariable, Style)
    }
    /// The options of a part, each a look away: every byte is asked about them.
    private struct Style {
        let quotes: Bool
        let escapes: Bool
        let isHexadecimal: Bool

        init(_ options: TextFormat.Options) {
            quotes = options.contains(.quote)
            escapes = options.contains(.escape)
            isHexadecimal = options.contains(.hexadecimal)
        }
    }
    /// What becomes of bytes that do not belong where the text goes.
    enum Use {
        /// A header's value: line ends and the like become spaces.
        case header
        /// Content: everything stays.
        case content
        /// A line of the log: `-` for what there is not, `""` where it is quoted, and nothing that is not printable.
        case log
    }
    private let parts: [Part]
    private let use: Use

    init(_ format: TextFormat, _ names: ExpressionNames, _ use: Use) {
        self.use = use
        parts = format.parts.map { part in
            switch part {
            case .text(let text): .text(text)
            case .expression(let expression, let options):
                .expression(CompiledExpression(expression, names), Style(options))
            case .variable(let variable, let options): .variable(variable, Style(options))
            }
        }
    }

    func append(to buffer: ByteBuffer, in scene: Scene) {
        for part in parts {
            switch part {
            case .text(let text): buffer.append(text)
            case .expression(let expression, let style):
                let text = expression.value(in: scene).flatMap { $0.text(scene.core.arena) }
                // As in HAProxy, only the log has expressions between quotes.
                put(
                    text?.isEmpty == true ? nil : text, style, isQuoted: style.quotes && use == .log,
                    to: buffer)
            case .variable(let variable, let style):
                let piece = scene.core.logPiece
                piece.clear()
                let isThere = LogVariables(scene: scene, wantsHexadecimal: style.isHexadecimal)
                    .append(variable, to: piece)
                put(
                    isThere ? piece.bytes : nil, style,
                    isQuoted: style.quotes && (variable.isText || !isThere), to: buffer)
            }
        }
    }

    private func put(
        _ text: UnsafeRawBufferPointer?, _ style: Style, isQuoted: Bool, to buffer: ByteBuffer
    ) {
        if isQuoted { buffer.append("\"") }
        if let text {
            var start = 0
            for index in 0..<text.count where !isPlain(text[index], style) {
                buffer.append(UnsafeRawBufferPointer(rebasing: text[start..<index]))
                putSpecial(text[index], to: buffer)
                start = index + 1
            }
            buffer.append(UnsafeRawBufferPointer(rebasing: text[start...]))
        } else if use == .log && !isQuoted {
            buffer.append("-")
        }
        if isQuoted { buffer.append("\"") }
    }

    /// Whether a byte goes into the text as it is.
    @inline(__always)
    private func isPlain(_ byte: UInt8, _ style: Style) -> Bool {
        if style.escapes, Self.isEscaped(byte) { return false }
        return belongs(byte)
    }

    /// Whether a byte may stand where the text goes.
    @inline(__always)
    private func belongs(_ byte: UInt8) -> Bool {
        switch use {
        case .content: true
        case .header: byte >= 0x20 && byte != 0x7f || byte == 9
        case .log: byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"")
        }
    }

    @inline(__always)
    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "]")
    }

    private func putSpecial(_ byte: UInt8, to buffer: ByteBuffer) {
        if belongs(byte) {
            buffer.append("\\")
            buffer.append(byte: byte)
        } else if use == .log {
            buffer.appendHexadecimal(byte)
        } else {
            buffer.append(byte: 0x20)
        }
    }
}

extension LogVariable {
    /// Neither a number nor a date nor flags, which never stand between quotes.
    fileprivate var isText: Bool {
        switch self {
        case .clientAddress, .frontendAddress, .backendAddress, .serverAddress, .frontend, .frontendTransport,
            .backend, .server, .host, .requestLine, .method, .path, .pathOnly, .version, .target, .query,
            .requestCookie, .responseCookie, .uniqueID, .tlsVersion, .tlsCipher:
            true
        default: false
        }
    }
}

extension ByteBuffer {
    /// `#0A`
    func appendHexadecimal(_ byte: UInt8) {
        let digits: StaticString = "0123456789ABCDEF"
        append("#")
        append(byte: digits.utf8Start[Int(byte >> 4)])
        append(byte: digits.utf8Start[Int(byte & 15)])
    }
}
