// What keeps a client at its server: `cookie … insert`, and `stick` with its table.

import ConfigLanguage
import HTTP1
import StickTables
import Unix

/// `cookie … insert`, ready.
struct CompiledCookie {
    let option: CookieInsertion
    let name: [UInt8]
    /// Behind the value: `; path=/; HttpOnly`.
    let attributes: [UInt8]

    init(_ option: CookieInsertion) {
        self.option = option
        name = Array(option.name.utf8)
        var text = "; path=/"
        for domain in option.domains { text += "; domain=\(domain)" }
        if option.httpOnly { text += "; HttpOnly" }
        if option.secure { text += "; Secure" }
        for attribute in option.attributes { text += "; \(attribute)" }
        attributes = Array(text.utf8)
    }
}

/// One `stick` rule.
struct CompiledStickRule {
    let kind: StickRule.Kind
    let expression: CompiledExpression
    let table: StickTable
    let condition: CompiledCondition?
}

extension CompiledStickRule {
    /// Nil where its table is none of this configuration's.
    init?(_ rule: StickRule, _ names: ExpressionNames) {
        guard let table = names.table(rule.table) else { return nil }
        self.table = table
        kind = rule.kind
        expression = CompiledExpression(rule.expression, names)
        condition = rule.condition.map { CompiledCondition($0, names) }
    }
}

extension Stream {
    /// Finds the server that a cookie or a table names; it is taken instead of balancing while it is usable.
    func findPreferred(_ backend: Backend, in scene: Scene) {
        if let cookie = backend.cookie { read(cookie, backend, scene) }
        for rule in backend.stickRules where rule.kind != .storeResponse {
            if let condition = rule.condition, !condition.holds(in: scene) { continue }
            guard let sample = rule.expression.value(in: scene) else { continue }
            if rule.kind != .storeRequest, preferred == nil,
                let entry = rule.table.entry(of: sample, inserting: false, core.arena, now: scene.now)
            {
                rule.table.touch(entry, now: scene.now)
                preferred = server(of: entry, rule.table, backend)
            }
            guard rule.kind != .match,
                let entry = rule.table.entry(of: sample, inserting: true, core.arena, now: scene.now)
            else { continue }
            rule.table.retain(entry)
            stuck.append(TrackedEntries.Tracked(table: rule.table, entry: entry))
        }
    }

    /// `stick store-response`: what the response says is to remember the server that gave it.
    func storeResponse(_ backend: Backend, in scene: Scene) {
        guard let server else { return }
        for rule in backend.stickRules where rule.kind == .storeResponse {
            if let condition = rule.condition, !condition.holds(in: scene) { continue }
            guard let sample = rule.expression.value(in: scene),
                let entry = rule.table.entry(of: sample, inserting: true, core.arena, now: scene.now)
            else { continue }
            remember(server, in: rule.table, entry)
        }
    }

    /// By name, which outlives a change of the numbers; else by number.
    private func server(of entry: StickTable.Entry, _ table: StickTable, _ backend: Backend) -> Server? {
        var found: Server?
        if case .name(let name?) = table.value(entry, .serverKey) {
            found = backend.servers.first { $0.name == name }
        } else if let id = table.number(entry, .serverID), id > 0 {
            found = backend.servers.first { $0.id == Int(id) }
        }
        return found?.isUsable == true ? found : nil
    }

    /// A server was chosen: the tables remember it.
    func noteStuck(to server: Server) {
        for tracked in stuck { remember(server, in: tracked.table, tracked.entry) }
    }

    private func remember(_ server: Server, in table: StickTable, _ entry: StickTable.Entry) {
        table.set(entry, .serverID, to: UInt64(server.id))
        table.set(entry, .serverKey, .name(server.name))
        table.touch(entry, now: core.tick)
    }

    func releaseStuck() {
        for tracked in stuck { tracked.table.release(tracked.entry) }
        stuck.removeAll(keepingCapacity: true)
    }

    // MARK: Cookies

    private func read(_ cookie: CompiledCookie, _ backend: Backend, _ scene: Scene) {
        cookieFound = UInt8(ascii: "N")
        if let value = CompiledFetch.cookie(cookie.name, inResponse: false, scene) {
            let server = backend.servers.first { server in
                server.options.cookie.map { $0.utf8.elementsEqual(value) } ?? false
            }
            if let server, server.isUsable {
                preferred = server
                cookieFound = UInt8(ascii: "V")
            } else {
                cookieFound = UInt8(ascii: server == nil ? "I" : "D")
            }
        }
        if cookie.option.indirect { hide(cookie, scene) }
    }

    private static let cookieField = Array("cookie".utf8)

    /// The server does not see our cookie.
    private func hide(_ cookie: CompiledCookie, _ scene: Scene) {
        var index = 0
        while index < core.requestHead.section.fields.count {
            let field = core.requestHead.section.fields[index]
            let bytes = core.headBytes.assumingMemoryBound(to: UInt8.self)
            guard bytes.span.matches(field.name, lowercased: Self.cookieField) else {
                index += 1
                continue
            }
            let rest = core.scratch
            rest.clear()
            var isHidden = false
            CompiledFetch.eachCookie(core.headBytes, field.value, onlyFirst: false) { key, value in
                if scene.part(key).elementsEqual(cookie.name) {
                    isHidden = true
                    return
                }
                if !rest.isEmpty { rest.append("; ") }
                rest.append(scene.part(key.lowerBound..<value.upperBound))
            }
            if isHidden && rest.isEmpty {
                core.removeField(at: index)
                continue
            }
            if isHidden, !core.setField(index, to: rest.bytes) { frontend.load.traffic.failedRewrites += 1 }
            index += 1
        }
    }

    /// Caches would keep the response: it says how fresh it is.
    private var isCacheable: Bool {
        guard [200, 203, 206, 300, 301, 410].contains(core.responseHead.status) else { return false }
        let bytes = core.headBytes.assumingMemoryBound(to: UInt8.self).span
        var isCacheable = false
        for field in core.responseHead.section.fields {
            if bytes.matches(field.name, "cache-control") {
                var isPrivate = false
                bytes.eachListElement(of: field.value) { element in
                    if bytes.matches(element, "private") || bytes.matches(element, "no-cache")
                        || bytes.matches(element, "no-store")
                    {
                        isPrivate = true
                    }
                    return !isPrivate
                }
                if isPrivate { return false }
                isCacheable = true
            } else if bytes.matches(field.name, "etag") || bytes.matches(field.name, "last-modified")
                || bytes.matches(field.name, "expires")
            {
                isCacheable = true
            }
        }
        return isCacheable
    }

    private static let setCookieField = Array("set-cookie".utf8)
    private static let cacheField = Array("cache-control".utf8)

    /// Tells the client its server, unless its cookie says so already.
    func insert(_ cookie: CompiledCookie) {
        cookieSet = UInt8(ascii: "N")
        guard cookieFound != UInt8(ascii: "V") || preferred !== server, let value = server?.options.cookie,
            !cookie.option.postOnly || method == .post
        else { return }
        let text = core.ruleText
        text.clear()
        text.append(cookie.name)
        text.append("=")
        text.append(value)
        text.append(cookie.attributes)
        if !core.addField(Self.setCookieField, text.bytes) { frontend.load.traffic.failedRewrites += 1 }
        if cookie.option.noCache && isCacheable {
            _ = core.addField(Self.cacheField, UnsafeRawBufferPointer(constant: "private"))
        }
        cookieSet = UInt8(ascii: "I")
    }
}
