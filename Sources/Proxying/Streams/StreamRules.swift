// Rules in the life of a stream: each set is asked in order until one accepts, answers or closes.

import ConfigLanguage
import HTTP1
import StickTables
import Unix

extension Stream {
    /// False: a rule has answered or closed, or waits for what a client of TCP mode says next.
    func apply(_ rules: borrowing RuleList, from first: Int = 0, in scene: Scene) -> Bool {
        var sequel = Sequel.goOn
        rules.forEach(from: first) { index, rule in
            sequel = apply(rule, at: index, in: scene)
            return sequel == .goOn
        }
        return sequel != .stop
    }

    /// What becomes of the rules behind one.
    private enum Sequel {
        case goOn, accept, stop
    }

    private func apply(_ rule: borrowing CompiledRule, at index: Int, in scene: Scene) -> Sequel {
        if core.inspection.isOpen {
            guard let holds = rule.holdsYet(in: scene) else { return wait(atRule: index) }
            if !holds { return .goOn }
        } else if !rule.holds(in: scene) {
            return .goOn
        }
        switch rule.action {
        case .accept: return .accept
        case .reject:
            frontend.load.traffic.deniedRequests += 1
            keepsClient = false
            end(cause: "P", moment: "R")
            return .stop
        case .deny(let answer):
            countDenied()
            refuse(answer, in: scene)
            return .stop
        case .tarpit(let answer):
            countDenied()
            tarpit(answer)
            return .stop
        case .answer(let answer):
            countIntercepted()
            reply(answer, in: scene, cause: "L", moment: headMoment)
            return .stop
        case .redirect(let redirect):
            let text = core.scratch
            text.clear()
            guard redirect.appendHead(to: text, in: scene) else { return .goOn }
            countIntercepted()
            reply(head: text, status: redirect.code, cause: "L", moment: headMoment)
            return .stop
        case .track(let slot, let expression, let table):
            core.inspection.missed = false
            if let tracked = scene.track(slot, table, expression) {
                count(tracked, in: scene)
            } else if core.inspection.missed {
                return wait(atRule: index)
            }
        default: scene.apply(rule)
        }
        return .goOn
    }

    /// The request that is tracked only now, and its answer.
    private func count(_ tracked: TrackedEntries.Tracked, in scene: Scene) {
        if scene.hasRequest && !isBeforeCounting {
            tracked.count(.httpReqCnt, .httpReqRate, now: scene.now)
        }
        if scene.hasResponse && (400..<500).contains(status) {
            tracked.count(.httpErrCnt, .httpErrRate, now: scene.now)
        }
    }

    /// The rule asks for what may still come.
    private func wait(atRule index: Int) -> Sequel {
        phase = .inspecting
        waitingRule = index
        return .stop
    }

    private func countDenied() {
        if core.headSide == .response {
            frontend.load.traffic.deniedResponses += 1
            backend?.load.traffic.deniedResponses += 1
            server?.load.traffic.deniedResponses += 1
        } else {
            frontend.load.traffic.deniedRequests += 1
            if let backend, backend.id != frontend.id { backend.load.traffic.deniedRequests += 1 }
            countClientError()
        }
    }

    /// As the log tells where a rule has ended the stream.
    private var headMoment: Unicode.Scalar { core.headSide == .response ? "H" : "R" }

    private func countIntercepted() {
        frontend.load.traffic.intercepted += 1
        backend?.load.traffic.intercepted += 1
    }

    /// The answer of `deny`: a page, or what the rule says.
    private func refuse(_ answer: CompiledAnswer, in scene: Scene) {
        if case .page = answer.body {
            fail(status: answer.status, cause: "P", moment: headMoment)
        } else {
            let content = answer.content(in: scene)
            let head = core.scratch
            head.clear()
            answer.appendHead(to: head, length: content.count, in: scene)
            reply(head: head, status: answer.status, body: content, cause: "P", moment: headMoment)
        }
    }

    // MARK: Tarpit

    /// Holds the client for `timeout tarpit` before it is refused.
    private func tarpit(_ answer: CompiledAnswer) {
        cause = UInt8(ascii: "P")
        moment = UInt8(ascii: "T")
        held = answer
        phase = .tarpit
        client?.setDeadline(after: (backend?.timing ?? frontend.timing).tarpit)
    }

    func tarpitEnded() {
        guard let answer = held, let client else { return }
        held = nil
        let scene = Scene(core: core, client: client, stream: self)
        core.show(.none, UnsafeRawBufferPointer(start: nil, count: 0))
        if case .page = answer.body {
            fail(status: answer.status, cause: "P", moment: "T")
        } else {
            reply(answer, in: scene, cause: "P", moment: "T")
        }
    }

    // MARK: Responses

    /// The rules of backend and frontend about a response whose head lies at `range`; false: one has answered.
    func applyResponseRules(_ range: Range<Int>) -> Bool {
        guard let backend, let client else { return true }
        core.show(.response, UnsafeRawBufferPointer(rebasing: core.sharedBytes[range]))
        let scene = Scene(core: core, client: client, stream: self)
        status = core.responseHead.status
        guard apply(backend.rules.response, in: scene) else { return false }
        if backend.id != frontend.id, !apply(frontend.rules.response, in: scene) { return false }
        if backend.storesOnResponse { storeResponse(backend, in: scene) }
        if let cookie = backend.cookie { insert(cookie) }
        status = core.responseHead.status
        return true
    }
}

extension ClientConnection {
    /// `tcp-request connection`: whether the client may speak.
    func passesConnectionRules() -> Bool {
        if passes(frontend.rules.connection) { return true }
        frontend.load.traffic.deniedConnections += 1
        return false
    }

    /// `tcp-request session`: whether the client may stay, once it is known who it is.
    func passesSessionRules() -> Bool {
        guard passes(frontend.rules.session) else {
            frontend.load.traffic.deniedSessions += 1
            return false
        }
        session?.tracked.count(.sessCnt, .sessRate, now: core.tick)
        return true
    }

    private func passes(_ rules: borrowing RuleList) -> Bool {
        let scene = Scene(core: core, client: self, stream: nil)
        core.show(.none, UnsafeRawBufferPointer(start: nil, count: 0))
        var passes = true
        rules.forEach { _, rule in
            guard rule.holds(in: scene) else { return true }
            switch rule.action {
            case .accept: return false
            case .reject:
                passes = false
                return false
            case .expectProxy: stage = .announced
            case .track(let slot, let expression, let table): _ = scene.track(slot, table, expression)
            default: scene.apply(rule)
            }
            return true
        }
        return passes
    }
}

extension Scene {
    /// What changes values, counters or the head, and lets the rules go on.
    func apply(_ rule: borrowing CompiledRule) {
        switch rule.action {
        case .increase(let counter, let rate, let slot):
            guard let tracked = tracked(slot) else { return }
            tracked.table.increase(counter, rate, of: tracked.entry, now: now)
        case .setTag(let slot, let expression):
            guard let tracked = tracked(slot), let value = expression.value(in: self)?.integer else { return }
            tracked.table.set(tracked.entry, .gpt0, to: UInt64(truncatingIfNeeded: value))
            tracked.table.touch(tracked.entry, now: now)
        case .setVariable(let variable, let expression):
            // As in HAProxy, what has no value leaves the variable as it is.
            if let value = expression.value(in: self) { set(variable, to: value) }
        case .formatVariable(let variable, let template): set(variable, to: .text(text(of: template)))
        case .unsetVariable(let variable): set(variable, to: nil)
        case .setHeader(let replaced, let name, let template):
            let value = text(of: template)
            if let replaced { core.removeFields(named: replaced) }
            note(core.addField(name, value))
        case .deleteHeader(let test): core.removeFields { test.takes($0, core.arena) }
        case .replaceHeader(let name, let replacement, let byElement):
            replaceFields(name, replacement, byElement: byElement)
        case .setTarget(let part, let template): setTarget(part, text(of: template))
        case .replaceTarget(let part, let replacement): replaceTarget(part, replacement)
        case .setStatus(let status, let reason): note(core.setStatus(status, reason: reason))
        case .accept, .reject, .expectProxy, .deny, .tarpit, .answer, .redirect, .track, .nothing: break
        }
    }

    /// Good until the next text of a rule.
    private func text(of template: TextTemplate) -> UnsafeRawBufferPointer {
        core.ruleText.clear()
        template.append(to: core.ruleText, in: self)
        return core.ruleText.bytes
    }

    private func note(_ succeeded: Bool) {
        if succeeded { return }
        client.frontend.load.traffic.failedRewrites += 1
        stream?.backend?.load.traffic.failedRewrites += 1
    }

    private func replaceFields(_ name: [UInt8], _ replacement: Replacement, byElement: Bool) {
        let fields = hasResponse ? core.responseHead.section.fields : core.requestHead.section.fields
        let output = core.scratch
        for (index, field) in fields.enumerated() {
            let bytes = core.headBytes.assumingMemoryBound(to: UInt8.self)
            guard bytes.span.matches(field.name, lowercased: name) else { continue }
            output.clear()
            var changed = false
            if byElement {
                var isFirst = true
                bytes.span.eachListElement(of: field.value) { element in
                    if !isFirst { output.append(", ") }
                    isFirst = false
                    let value = part(element)
                    if replacement.append(to: output, for: value, in: self) {
                        changed = true
                    } else {
                        output.append(value)
                    }
                    return true
                }
            } else {
                changed = replacement.append(to: output, for: part(field.value), in: self)
            }
            if changed { note(core.setField(index, to: output.bytes)) }
        }
    }

    // MARK: The target

    private func replaceTarget(_ part: RuleAction.TargetPart, _ replacement: Replacement) {
        guard hasRequest, let range = range(of: part) else { return }
        let output = core.scratch
        output.clear()
        guard replacement.append(to: output, for: self.part(range), in: self) else { return }
        setTarget(part, output.bytes)
    }

    /// The place of a part in the target.
    private func range(of part: RuleAction.TargetPart) -> Range<Int>? {
        let target = core.requestHead.target
        let path = core.requestHead.path(core.headBytes.assumingMemoryBound(to: UInt8.self).span)
        switch part {
        case .whole: return target
        case .path: return path
        case .pathQuery: return path.map { $0.lowerBound..<target.upperBound }
        case .query: return queryStart.map { $0..<target.upperBound } ?? target.upperBound..<target.upperBound
        }
    }

    private func setTarget(_ part: RuleAction.TargetPart, _ text: UnsafeRawBufferPointer) {
        guard hasRequest, let range = range(of: part) else { return }
        let target = core.requestHead.target
        core.arena.reset()
        let mark = part == .query && queryStart == nil && !text.isEmpty ? 1 : 0
        let dropsMark = part == .query && queryStart != nil && text.isEmpty ? 1 : 0
        let front = range.lowerBound - target.lowerBound - dropsMark
        let back = target.upperBound - range.upperBound
        guard let room = core.arena.take(front + mark + text.count + back) else { return note(false) }
        room.copyMemory(from: self.part(target.lowerBound..<target.lowerBound + front))
        if mark == 1 { room[front] = UInt8(ascii: "?") }
        UnsafeMutableRawBufferPointer(rebasing: room[(front + mark)...]).copyMemory(from: text)
        UnsafeMutableRawBufferPointer(rebasing: room[(front + mark + text.count)...]).copyMemory(
            from: self.part(range.upperBound..<target.upperBound))
        note(core.setTarget(UnsafeRawBufferPointer(room)))
    }
}
