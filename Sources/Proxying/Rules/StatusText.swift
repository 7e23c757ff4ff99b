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
