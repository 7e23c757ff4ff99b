// Rules ready to be applied.

import ConfigLanguage
import HTTP1
import RegularExpressions
import StickTables
import Unix

struct CompiledRule: ~Copyable {
    enum Action {
        case accept, reject, expectProxy
        case deny(CompiledAnswer)
        case tarpit(CompiledAnswer)
        case answer(CompiledAnswer)
        case redirect(CompiledRedirect)
        case track(slot: Int, CompiledExpression, StickTable)
        case increase(DataType, DataType, slot: Int)
        case setTag(slot: Int, CompiledExpression)
        case setVariable(Variable, CompiledExpression)
        case formatVariable(Variable, TextTemplate)
        case unsetVariable(Variable)
        /// The lower-case name finds what is replaced; nil: nothing is.
        case setHeader(replacing: [UInt8]?, name: [UInt8], TextTemplate)
        case deleteHeader(NameTest)
        case replaceHeader(name: [UInt8], Replacement, byElement: Bool)
        case setTarget(RuleAction.TargetPart, TextTemplate)
        case replaceTarget(RuleAction.TargetPart, Replacement)
        case setStatus(Int, reason: String)
        /// Its table is none of this configuration's.
        case nothing
    }
    let action: Action
    let condition: CompiledCondition?

    init(_ rule: Rule, _ names: ExpressionNames) {
        condition = rule.condition.map { CompiledCondition($0, names) }
        action = Self.action(rule.action, names)
    }

    func holds(in scene: Scene) -> Bool { condition?.holds(in: scene) ?? true }

    /// As `holds`, while a client of TCP mode may say more; nil: that may change the answer.
    func holdsYet(in scene: Scene) -> Bool? {
        guard let condition else { return true }
        return condition.holdsYet(in: scene)
    }

    private static func action(_ action: RuleAction, _ names: ExpressionNames) -> Action {
        func header(_ format: TextFormat) -> TextTemplate { TextTemplate(format, names, .header) }
        switch action {
        case .accept: return .accept
        case .reject: return .reject
        case .expectProxy: return .expectProxy
        case .deny(let answer): return .deny(CompiledAnswer(answer, names))
        case .tarpit(let answer): return .tarpit(CompiledAnswer(answer, names))
        case .answer(let answer): return .answer(CompiledAnswer(answer, names))
        case .redirect(let redirect): return .redirect(CompiledRedirect(redirect, names))
        case .track(let slot, let expression, let table):
            let expression = CompiledExpression(expression, names)
            return names.table(table).map { .track(slot: slot, expression, $0) } ?? .nothing
        case .increase(let counter, let slot):
            return counter == 0
                ? .increase(.gpc0, .gpc0Rate, slot: slot) : .increase(.gpc1, .gpc1Rate, slot: slot)
        case .setTag(let slot, let expression):
            return .setTag(slot: slot, CompiledExpression(expression, names))
        case .setVariable(let variable, let expression):
            return .setVariable(variable, CompiledExpression(expression, names))
        case .formatVariable(let variable, let format):
            return .formatVariable(variable, TextTemplate(format, names, .content))
        case .unsetVariable(let variable): return .unsetVariable(variable)
        case .setHeader(let name, let format):
            return .setHeader(replacing: name.utf8.map(\.lowercased), name: Array(name.utf8), header(format))
        case .addHeader(let name, let format):
            return .setHeader(replacing: nil, name: Array(name.utf8), header(format))
        case .deleteHeader(let pattern): return .deleteHeader(NameTest(pattern))
        case .replaceHeader(let name, let pattern, let format, let byElement):
            return .replaceHeader(
                name: name.utf8.map(\.lowercased), Replacement(pattern, header(format)), byElement: byElement)
        case .setTarget(let part, let format): return .setTarget(part, header(format))
        case .replaceTarget(let part, let pattern, let format):
            return .replaceTarget(part, Replacement(pattern, header(format)))
        case .setStatus(let status, let reason):
            return .setStatus(status, reason: reason ?? StatusText.answerReason(status))
        }
    }
}

/// Which headers `del-header` removes.
enum NameTest {
    case exact([UInt8])
    case beginning([UInt8])
    case ending([UInt8])
    case substring(ConstantBytes)
    case regular(RegularMatcher)

    init(_ pattern: RuleAction.NamePattern) {
        self =
            switch pattern {
            case .exact(let name): .exact(name.utf8.map(\.lowercased))
            case .beginning(let text): .beginning(Array(text.utf8))
            case .ending(let text): .ending(Array(text.utf8))
            case .substring(let text): .substring(ConstantBytes(text.utf8))
            case .regular(let expression): .regular(RegularMatcher(expression))
            }
    }

    func takes(_ name: UnsafeRawBufferPointer, _ arena: SampleArena) -> Bool {
        if case .exact(let text) = self { return name.isName(text) }
        arena.reset()
        guard let room = arena.take(name.count) else { return false }
        for index in 0..<name.count { room[index] = name[index].lowercased }
        return takes(lowercased: UnsafeRawBufferPointer(room))
    }

    private func takes(lowercased name: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .exact(let text): name.isName(text)
        case .beginning(let text): name.starts(with: text)
        case .ending(let text): name.count >= text.count && name.suffix(text.count).elementsEqual(text)
        case .substring(let text): name.position(of: text.bytes, from: 0) != nil
        case .regular(let matcher): matcher.finds(in: name)
        }
    }
}

/// `replace-header` and its kin: where the pattern matches, the whole value is made anew, with `\1` for groups.
struct Replacement {
    private let matcher: RegularMatcher
    private let template: TextTemplate

    init(_ expression: RegularExpression, _ template: TextTemplate) {
        matcher = RegularMatcher(expression)
        self.template = template
    }

    /// Appends what takes the place of `value`; false: it does not match. `core.ruleText` is overwritten.
    func append(to buffer: ByteBuffer, for value: UnsafeRawBufferPointer, in scene: Scene) -> Bool {
        guard matcher.finds(in: value) else { return false }
        let text = scene.core.ruleText
        text.clear()
        template.append(to: text, in: scene)
        let bytes = text.bytes
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < bytes.count else {
                buffer.append(byte: byte)
                continue
            }
            let next = bytes[index]
            index += 1
            if next.isDigit {
                if let group = matcher.group(Int(next - 48)) {
                    buffer.append(UnsafeRawBufferPointer(rebasing: value[group]))
                }
            } else {
                buffer.append(byte: next)
            }
        }
        return true
    }
}

/// One `use_backend` rule.
struct BackendRule {
    let backend: Backend
    let condition: CompiledCondition?
}

/// An answer of the proxy's own.
final class CompiledAnswer {
    enum Body {
        case bytes([UInt8])
        case template(TextTemplate)
        /// The page of the status.
        case page
    }
    let status: Int
    let body: Body
    private let headers: [(name: String, value: TextTemplate)]
    private let contentType: String?

    init(_ answer: Answer, _ names: ExpressionNames) {
        status = answer.status
        headers = answer.headers.map { ($0.name, TextTemplate($0.value, names, .header)) }
        contentType = answer.contentType
        switch answer.body {
        case .bytes(let bytes): body = .bytes(bytes)
        case .format(let format): body = .template(TextTemplate(format, names, .content))
        // Fields of its own, and no content.
        case .page: body = answer.headers.isEmpty ? .page : .bytes([])
        }
    }

    /// The content, where it is not a page.
    func content(in scene: Scene) -> [UInt8] {
        switch body {
        case .bytes(let bytes): return bytes
        case .page: return []
        case .template(let template):
            let text = scene.core.ruleText
            text.clear()
            template.append(to: text, in: scene)
            return Array(text.bytes)
        }
    }

    /// The head but its connection field and empty line.
    func appendHead(to buffer: ByteBuffer, length: Int, in scene: Scene) {
        buffer.append("HTTP/1.1 ")
        buffer.append(status)
        buffer.append(" ")
        buffer.append(StatusText.answerReason(status))
        buffer.append("\r\n")
        for (name, value) in headers {
            let start = buffer.count
            buffer.append(name)
            buffer.append(": ")
            let empty = buffer.count
            value.append(to: buffer, in: scene)
            // As in HAProxy, a field without a value is left out.
            if buffer.count == empty {
                buffer.dropLast(empty - start)
            } else {
                buffer.append("\r\n")
            }
        }
        if status != 204 {
            buffer.append("content-length: ")
            buffer.append(length)
            buffer.append("\r\n")
        }
        if let contentType {
            buffer.append("content-type: ")
            buffer.append(contentType)
            buffer.append("\r\n")
        }
    }
}

/// `http-request redirect`.
final class CompiledRedirect {
    enum Kind { case location, prefix, scheme }
    let kind: Kind
    let text: TextTemplate
    let code: Int
    private let redirect: Redirect

    init(_ redirect: Redirect, _ names: ExpressionNames) {
        code = redirect.code
        self.redirect = redirect
        switch redirect.target {
        case .location(let text):
            kind = .location
            self.text = TextTemplate(text, names, .header)
        case .prefix(let text):
            kind = .prefix
            self.text = TextTemplate(text, names, .header)
        case .scheme(let text):
            kind = .scheme
            self.text = TextTemplate(text, names, .header)
        }
    }

    /// The head of the response, without connection field and empty line; false: there is nowhere to go.
    func appendHead(to buffer: ByteBuffer, in scene: Scene) -> Bool {
        let target = scene.core.ruleText
        target.clear()
        text.append(to: target, in: scene)
        if target.isEmpty && redirect.ignoresEmpty { return false }
        buffer.append("HTTP/1.1 \(code) \(StatusText.reason(code))\r\ncontent-length: 0\r\nlocation: ")
        buffer.append(target.bytes)
        if kind != .location {
            if kind == .scheme {
                buffer.append("://")
                if let host = scene.core.requestHead.section.host { buffer.append(scene.part(host)) }
            }
            appendPath(to: buffer, scene)
        }
        buffer.append("\r\n")
        if code == 302 || code == 303 || code == 307 { buffer.append("cache-control: no-cache\r\n") }
        if let cookie = redirect.setCookie { buffer.append("set-cookie: \(cookie); path=/;\r\n") }
        if let cookie = redirect.clearCookie {
            buffer.append("set-cookie: \(cookie); path=/; Max-Age=0;\r\n")
        }
        return true
    }

    private func appendPath(to buffer: ByteBuffer, _ scene: Scene) {
        let bytes = scene.head.assumingMemoryBound(to: UInt8.self)
        guard let path = scene.core.requestHead.path(bytes.span) else {
            buffer.append("/")
            return
        }
        let query = path.upperBound..<scene.core.requestHead.target.upperBound
        buffer.append(scene.part(path))
        if redirect.appendSlash, scene.head[path.upperBound - 1] != UInt8(ascii: "/") { buffer.append("/") }
        if !redirect.dropQuery { buffer.append(scene.part(query)) }
    }
}

/// `option forwardfor`.
struct Forwarding {
    let header: [UInt8]
    let lowercasedHeader: [UInt8]
    let ifNone: Bool
    let except: [Network]

    init(_ option: ForwardFor) {
        header = Array(option.header.utf8)
        lowercasedHeader = option.header.utf8.map(\.lowercased)
        ifNone = option.ifNone
        except = option.except
    }
}

extension ByteBuffer {
    /// A part of a head.
    func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        bytes.withUnsafeBytes { append(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// The one length of a message, however often it says it.
    func append(contentLength section: borrowing FieldSection) {
        guard let length = section.contentLength else { return }
        append("content-length: ")
        append(length)
        append("\r\n")
    }
}
