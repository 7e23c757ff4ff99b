// What the lines of `tcp-request`, `http-request`, `http-response`, `redirect`, `stick` and `use_backend` say.

import RegularExpressions

/// Where rules are applied, in the order in which a connection and its requests meet them.
package enum RulePlace: String, CaseIterable, Sendable {
    case connection = "tcp-request connection"
    case session = "tcp-request session"
    case content = "tcp-request content"
    case httpRequest = "http-request"
    case httpResponse = "http-response"

    /// No HTTP is known to it.
    package var isTCP: Bool {
        switch self {
        case .connection, .session, .content: true
        case .httpRequest, .httpResponse: false
        }
    }

    func offers(_ need: Fetch.Need, in draft: ProxyDraft) -> Bool {
        switch need {
        case .nothing: true
        case .clientConnection: self != .connection
        case .serverConnection: self == .httpResponse
        case .request, .input: self == .httpRequest || self == .content
        case .response: self == .httpResponse
        }
    }

    /// `frontend http-response header rule`
    func title(in draft: ProxyDraft) -> String {
        let side = draft.hasFrontend ? "frontend" : "backend"
        switch self {
        case .connection, .session: return "\(side) \(rawValue) rule"
        case .content: return "\(side) tcp-request content rule"
        case .httpRequest: return "\(side) http-request header rule"
        case .httpResponse: return "\(side) http-response header rule"
        }
    }
}

/// One rule.
package struct Rule: Sendable {
    package var position: Position
    package var action: RuleAction
    package var condition: Condition?
}

/// What a rule does.
package enum RuleAction: Sendable {
    /// `accept`, `allow`: no further rule of its place is asked.
    case accept
    /// Closes without a word.
    case reject
    /// The connection begins with a PROXY protocol header.
    case expectProxy
    case deny(Answer)
    case tarpit(Answer)
    case answer(Answer)
    case redirect(Redirect)
    case track(slot: Int, Expression, table: String?)
    /// `sc-inc-gpc0`, `sc-inc-gpc1`.
    case increase(counter: Int, slot: Int)
    case setTag(slot: Int, Expression)
    case setVariable(Variable, Expression)
    case formatVariable(Variable, TextFormat)
    case unsetVariable(Variable)
    case setHeader(name: String, TextFormat)
    case addHeader(name: String, TextFormat)
    case deleteHeader(NamePattern)
    /// `byElement`: each element of a list by itself (`replace-value`).
    case replaceHeader(name: String, RegularExpression, TextFormat, byElement: Bool)
    case setTarget(TargetPart, TextFormat)
    case replaceTarget(TargetPart, RegularExpression, TextFormat)
    case setStatus(Int, reason: String?)

    /// A part of a request's target.
    package enum TargetPart: String, Sendable {
        case path = "set-path"
        case pathQuery = "set-pathq"
        case query = "set-query"
        case whole = "set-uri"
    }

    /// The names of headers that `del-header` removes.
    package enum NamePattern: Sendable {
        case exact(String)
        case beginning(String)
        case ending(String)
        case substring(String)
        case regular(RegularExpression)
    }
}

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

/// `stick on|match|store-request|store-response EXPRESSION [table T] [if …]`.
package struct StickRule: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case on, match
        case storeRequest = "store-request"
        case storeResponse = "store-response"
    }
    package var position: Position
    package var kind: Kind
    package var expression: Expression
    /// Nil: the backend's own.
    package var table: String?
    package var condition: Condition?
}

/// A complete answer of the proxy's own; files were read at load.
package struct Answer: Sendable {
    /// What stands behind the head.
    package enum Body: Sendable {
        case bytes([UInt8])
        case format(TextFormat)
        /// HAProxy's page of the status, or what `errorfile` put in its place.
        case page
    }
    package var status: Int
    package var contentType: String?
    package var body: Body
    package var headers: [(name: String, value: TextFormat)] = []
}

/// `redirect`.
package struct Redirect: Sendable {
    /// Where to, and what of the request's own address is kept.
    package enum Target: Sendable {
        case location(TextFormat)
        case prefix(TextFormat)
        case scheme(TextFormat)
    }
    package var target: Target
    package var code = 302
    package var dropQuery = false
    package var appendSlash = false
    package var setCookie: String?
    package var clearCookie: String?
    /// An empty location: the rule does nothing.
    package var ignoresEmpty = false
}

/// `cookie NAME insert …`.
package struct CookieInsertion: Sendable {
    package var name: String
    /// The client's cookie is hidden from the server, and set only where it must change.
    package var indirect = false
    package var noCache = false
    package var postOnly = false
    package var httpOnly = false
    package var secure = false
    package var domains: [String] = []
    package var attributes: [String] = []
}
