// `http-request` rules and `use_backend`, ready to be applied.

import ConfigLanguage
import HTTP1
import Unix

/// One `http-request` rule.
struct RequestRule {
    enum Action {
        case answer(CompiledAnswer)
        case deny(status: Int)
        case redirect(CompiledRedirect)
        /// The lower-case name finds what is replaced.
        case setHeader(lowercasedName: [UInt8], name: [UInt8], value: TextTemplate)
    }
    let action: Action
    let condition: CompiledCondition?

    init(_ rule: HTTPRule) {
        condition = rule.condition.map(CompiledCondition.init)
        action =
            switch rule.action {
            case .returnResponse(let answer): .answer(CompiledAnswer(answer))
            case .deny(let status): .deny(status: status)
            case .redirect(let redirect): .redirect(CompiledRedirect(redirect))
            case .setHeader(let name, let value):
                .setHeader(
                    lowercasedName: name.utf8.map(\.lowercased), name: Array(name.utf8),
                    value: TextTemplate(value))
            }
    }
}

/// One `use_backend` rule.
struct BackendRule {
    let backend: Backend
    let condition: CompiledCondition?
}

/// `http-request return`: the whole response but its connection field and empty line.
struct CompiledAnswer {
    let status: Int
    let head: [UInt8]
    let body: [UInt8]

    init(_ answer: Answer) {
        status = answer.status
        body = answer.body
        var text = "HTTP/1.1 \(answer.status) \(StatusText.reason(answer.status))\r\n"
        for (name, value) in answer.headers { text += "\(name): \(value)\r\n" }
        if answer.status != 204 { text += "content-length: \(answer.body.count)\r\n" }
        if let type = answer.contentType { text += "content-type: \(type)\r\n" }
        head = Array(text.utf8)
    }
}

/// `http-request redirect`.
struct CompiledRedirect {
    enum Kind { case location, prefix, scheme }
    let kind: Kind
    let text: TextTemplate
    let code: Int
    let dropQuery: Bool
    let appendSlash: Bool
    let setCookie: String?

    init(_ redirect: Redirect) {
        code = redirect.code
        dropQuery = redirect.dropQuery
        appendSlash = redirect.appendSlash
        setCookie = redirect.setCookie
        switch redirect.target {
        case .location(let text):
            kind = .location
            self.text = TextTemplate(text)
        case .prefix(let text):
            kind = .prefix
            self.text = TextTemplate(text)
        case .scheme(let text):
            kind = .scheme
            self.text = TextTemplate(text)
        }
    }

    /// The head of the response, without connection field and empty line.
    func appendHead(
        to buffer: ByteBuffer, _ bytes: Span<UInt8>, _ head: RequestHead, client: SocketAddress,
        local: SocketAddress
    ) {
        buffer.append("HTTP/1.1 \(code) \(StatusText.reason(code))\r\ncontent-length: 0\r\nlocation: ")
        text.append(to: buffer, bytes, head, client: client, local: local)
        if kind != .location {
            if kind == .scheme {
                buffer.append("://")
                if let host = head.section.host { buffer.append(bytes, host) }
            }
            appendPath(to: buffer, bytes, head)
        }
        buffer.append("\r\n")
        if let setCookie { buffer.append("set-cookie: \(setCookie); path=/;\r\n") }
        if code == 302 || code == 303 || code == 307 { buffer.append("cache-control: no-cache\r\n") }
    }

    private func appendPath(to buffer: ByteBuffer, _ bytes: Span<UInt8>, _ head: RequestHead) {
        guard let path = head.path(bytes) else {
            buffer.append("/")
            return
        }
        let query = path.upperBound..<head.target.upperBound
        buffer.append(bytes, path)
        if appendSlash, bytes[path.upperBound - 1] != UInt8(ascii: "/") { buffer.append("/") }
        if !dropQuery { buffer.append(bytes, query) }
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
    func append(contentLength section: FieldSection) {
        guard let length = section.contentLength else { return }
        append("content-length: ")
        append(length)
        append("\r\n")
    }
}
