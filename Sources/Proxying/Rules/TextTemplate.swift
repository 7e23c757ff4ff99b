// Texts with variables and expressions, put together for a request, an answer or a line of the log.

import ConfigLanguage
import Unix

/// A log-format string at work.
final class TextTemplate {
    private enum Part {
        case text([UInt8])
        case expression(CompiledExpression, TextFormat.Options)
        case variable(LogVariable, TextFormat.Options)
    }
    /// What becomes of bytes that do not belong where the text goes.
    enum Use {
        /// A header's value: line ends and the like become spaces.
        case header
        /// Content: everything stays.
        case content
        /// A line of the log: `-` for what there is not, and nothing that is not printable.
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
                .expression(CompiledExpression(expression, names), options)
            case .variable(let variable, let options): .variable(variable, options)
            }
        }
    }

    func append(to buffer: ByteBuffer, in scene: Scene) {
        for part in parts {
            switch part {
            case .text(let text): buffer.append(text)
            case .expression(let expression, let options):
                let text = expression.value(in: scene).flatMap { $0.text(scene.core.arena) }
                put(text, options, to: buffer)
            case .variable(let variable, let options):
                let piece = scene.core.logPiece
                piece.clear()
                let isThere = LogVariables(scene: scene, wantsHexadecimal: options.contains(.hexadecimal))
                    .append(variable, to: piece)
                put(isThere ? piece.bytes : nil, options, to: buffer)
            }
        }
    }

    private func put(_ text: UnsafeRawBufferPointer?, _ options: TextFormat.Options, to buffer: ByteBuffer) {
        if options.contains(.quote) { buffer.append("\"") }
        if let text {
            for byte in text { put(byte, options, to: buffer) }
        } else if use == .log {
            buffer.append("-")
        }
        if options.contains(.quote) { buffer.append("\"") }
    }

    private func put(_ byte: UInt8, _ options: TextFormat.Options, to buffer: ByteBuffer) {
        switch use {
        case .content: break
        case .header:
            if byte < 0x20 && byte != 9 || byte == 0x7f {
                buffer.append(byte: 0x20)
                return
            }
        case .log:
            if byte < 0x20 || byte >= 0x7f || byte == UInt8(ascii: "\"") {
                buffer.appendHexadecimal(byte)
                return
            }
        }
        if options.contains(.escape),
            byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "]")
        {
            buffer.append("\\")
        }
        buffer.append(byte: byte)
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
