// Text with variables, as in `set-header X-Real-IP %[src]`: split once, put together for every request.

import HTTP1
import Unix

/// A text whose variables are filled in per request. Unknown ones stand as they are written.
struct TextTemplate {
    private enum Part {
        case text([UInt8])
        case clientAddress, clientPort, localAddress, localPort
        case method, path, target
        case header([UInt8])
    }
    private var parts: [Part] = []

    init(_ text: String) {
        let bytes = Array(text.utf8)
        var literal: [UInt8] = []
        var index = 0
        func flush(_ parts: inout [Part]) {
            if !literal.isEmpty { parts.append(.text(literal)) }
            literal = []
        }
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 1 < bytes.count,
                let (part, length) = Self.variable(bytes[(index + 1)...])
            {
                if let part {
                    flush(&parts)
                    parts.append(part)
                } else {
                    literal.append(UInt8(ascii: "%"))
                }
                index += 1 + length
            } else {
                literal.append(bytes[index])
                index += 1
            }
        }
        flush(&parts)
    }

    /// The variable after a `%` and its length; a nil part is `%%`.
    private static func variable(_ rest: ArraySlice<UInt8>) -> (part: Part?, length: Int)? {
        if rest.first == UInt8(ascii: "%") { return (nil, 1) }
        if rest.first == UInt8(ascii: "[") {
            guard let end = rest.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            let name = String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
            guard let part = expression(name) else { return nil }
            return (part, end - rest.startIndex + 1)
        }
        switch String(decoding: rest.prefix(2), as: UTF8.self) {
        case "ci": return (.clientAddress, 2)
        case "cp": return (.clientPort, 2)
        case "fi": return (.localAddress, 2)
        case "fp": return (.localPort, 2)
        default: return nil
        }
    }

    private static func expression(_ name: String) -> Part? {
        switch name {
        case "src": return .clientAddress
        case "src_port": return .clientPort
        case "dst": return .localAddress
        case "dst_port": return .localPort
        case "method": return .method
        case "path": return .path
        case "url", "capture.req.uri": return .target
        default:
            for prefix in ["req.hdr(", "hdr(", "req.fhdr("]
            where name.hasPrefix(prefix) && name.hasSuffix(")") {
                return .header(name.dropFirst(prefix.count).dropLast().utf8.map(\.lowercased))
            }
            return nil
        }
    }

    func append(
        to buffer: ByteBuffer, _ bytes: Span<UInt8>, _ head: RequestHead, client: SocketAddress,
        local: SocketAddress
    ) {
        for part in parts {
            switch part {
            case .text(let text): buffer.append(text)
            case .clientAddress: buffer.append(client.host)
            case .clientPort: buffer.append(Int(client.port ?? 0))
            case .localAddress: buffer.append(local.host)
            case .localPort: buffer.append(Int(local.port ?? 0))
            case .method: buffer.append(bytes, head.methodRange)
            case .target: buffer.append(bytes, head.target)
            case .path: if let path = head.path(bytes) { buffer.append(bytes, path) }
            case .header(let name):
                let last = head.section.fields.last { bytes.matches($0.name, lowercased: name) }
                if let last { buffer.append(bytes, last.value) }
            }
        }
    }
}
