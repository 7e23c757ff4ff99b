// What `http-request`, `redirect` and `use_backend` say.

/// `use_backend NAME [if|unless …]`.
package struct UseBackend: Sendable {
    package var position: Position
    package var backend: String
    /// Nil: always.
    package var condition: Condition?

    package init(position: Position, backend: String, condition: Condition?) {
        self.position = position
        self.backend = backend
        self.condition = condition
    }
}

/// One `http-request` rule.
package struct HTTPRule: Sendable {
    package enum Action: Sendable {
        case returnResponse(Answer)
        case deny(status: Int)
        case redirect(Redirect)
        case setHeader(name: String, value: String)
    }
    package var position: Position
    package var action: Action
    package var condition: Condition?

    package init(position: Position, action: Action, condition: Condition?) {
        self.position = position
        self.action = action
        self.condition = condition
    }
}

/// `http-request return`: a complete answer, its content read at load.
package struct Answer: Sendable {
    package var status: Int
    package var contentType: String?
    package var body: [UInt8]
    package var headers: [(name: String, value: String)]

    package init(status: Int, contentType: String?, body: [UInt8], headers: [(name: String, value: String)]) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.headers = headers
    }
}

/// `http-request redirect`.
package struct Redirect: Sendable {
    package enum Target: Sendable {
        case location(String)
        case prefix(String)
        case scheme(String)
    }
    package var target: Target
    package var code = 302
    package var dropQuery = false
    package var appendSlash = false
    package var setCookie: String?

    package init(target: Target) {
        self.target = target
    }
}
