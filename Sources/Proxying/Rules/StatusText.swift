// The proxy's own answers: status lines and pages as HAProxy's clients know them.

/// Reason phrases and default pages.
enum StatusText {
    static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 407: "Unauthorized"
        case 408: "Request Time-out"
        case 410: "Gone"
        case 413: "Payload Too Large"
        case 422: "Unprocessable Content"
        case 425: "Too Early"
        case 429: "Too Many Requests"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Time-out"
        default: "Other"
        }
    }

    /// As above for answers of rules, for which HAProxy has a longer list of its own.
    static func answerReason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 203: "Non-Authoritative Information"
        case 204: "No Content"
        case 205: "Reset Content"
        case 206: "Partial Content"
        case 207: "Multi-Status"
        case 210: "Content Different"
        case 226: "IM Used"
        case 300: "Multiple Choices"
        case 301: "Moved Permanently"
        case 302: "Moved Temporarily"
        case 303: "See Other"
        case 304: "Not Modified"
        case 305: "Use Proxy"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 310: "Too many Redirects"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 407: "Proxy Authentication Required"
        case 408: "Request Time-out"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Request Entity Too Large"
        case 414: "Request-URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Requested range unsatisfiable"
        case 417: "Expectation failed"
        case 418: "I'm a teapot"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 423: "Locked"
        case 424: "Method failure"
        case 425: "Too Early"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 449: "Retry With"
        case 450: "Blocked by Windows Parental Controls"
        case 451: "Unavailable For Legal Reasons"
        case 456: "Unrecoverable Error"
        case 499: "client has closed connection"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway or Proxy Error"
        case 503: "Service Unavailable"
        case 504: "Gateway Time-out"
        case 505: "HTTP Version not supported"
        case 506: "Variant also negotiate"
        case 507: "Insufficient storage"
        case 508: "Loop detected"
        case 509: "Bandwidth Limit Exceeded"
        case 510: "Not extended"
        case 511: "Network authentication required"
        case 520: "Web server is returning an unknown error"
        case ..<300: "Success"
        case ..<400: "Redirection"
        case ..<500: "Client Error"
        default: "Server Error"
        }
    }

    private static func sentence(_ status: Int) -> String {
        switch status {
        case 200: "Service ready."
        case 400: "Your browser sent an invalid request."
        case 403: "Request forbidden by administrative rules."
        case 404: "The resource could not be found."
        case 405: "A request was made of a resource using a request method not supported by that resource"
        case 408: "Your browser didn't send a complete request in time."
        case 410: "The resource is no longer available and will not be available again."
        case 413: "The request entity exceeds the maximum allowed."
        case 422: "The server cannot process the contained instructions."
        case 425: "Your browser sent early data."
        case 429: "You have sent too many requests in a given amount of time."
        case 500: "An internal server error occurred."
        case 501: "The server does not support the functionality required to fulfill the request."
        case 502: "The server returned an invalid or incomplete response."
        case 503: "No server is available to handle this request."
        case 504: "The server didn't respond in time."
        default: ""
        }
    }

    static func page(_ status: Int) -> String {
        "<html><body><h1>\(status) \(reason(status))</h1>\n\(sentence(status))\n</body></html>\n"
    }
}

/// A page and its head, without connection field and empty line: made once, as refusals come in floods.
struct StatusPage {
    let head: [UInt8]
    let body: [UInt8]

    init(_ status: Int) {
        body = Array(StatusText.page(status).utf8)
        var text = "HTTP/1.1 \(status) \(StatusText.reason(status))\r\ncontent-length: \(body.count)\r\n"
        text += "cache-control: no-cache\r\n"
        if status == 401 { text += "www-authenticate: Basic realm=\"\"\r\n" }
        head = Array((text + "content-type: text/html\r\n").utf8)
    }
}

extension ProxyCore {
    func page(_ status: Int) -> StatusPage {
        if let known = pages[status] { return known }
        let made = StatusPage(status)
        pages[status] = made
        return made
    }
}
