// The answer of `return`, `deny` and `tarpit`: status, content and header fields.

extension RuleLanguage {
    /// From word `index` on; `status` where none is named.
    func answer(_ phrase: Phrase, _ index: inout Int, status: Int) throws(Fault) -> Answer {
        let isReturn = status == 200
        var answer = Answer(status: status, contentType: nil, body: isReturn ? .bytes([]) : .page)
        while index < phrase.count {
            let name = phrase[index]
            let value = phrase[index + 1]
            switch name {
            case "status", "deny_status":
                if isReturn && name == "deny_status" { return try checked(answer, phrase) }
                answer.status = try self.status(phrase, &index, isReturn)
            case "content-type":
                guard !value.isEmpty else {
                    throw phrase.fault("'content-type' expects <ctype> as argument.", at: index + 1)
                }
                answer.contentType = try headerText(phrase, index + 1)
                index += 2
            case "default-errorfiles":
                answer.body = .page
                index += 1
            case "string", "lf-string":
                guard index + 1 < phrase.count else {
                    throw phrase.fault("'\(name)' expects <str> as argument.", at: index + 1)
                }
                answer.body =
                    name == "string" ? .bytes(Array(value.utf8)) : .format(try format(phrase, index + 1))
                index += 2
            case "file", "lf-file":
                let bytes = try file(phrase, index + 1)
                answer.body =
                    name == "file" ? .bytes(bytes) : .format(try format(ofFile: bytes, phrase, index + 1))
                index += 2
            case "hdr":
                guard !value.isEmpty, index + 2 < phrase.count else {
                    throw phrase.fault("'hdr' expects <name> and <value> as arguments.", at: index + 1)
                }
                answer.headers.append(
                    (try headerName(phrase, index + 1), try headerFormat(phrase, index + 2)))
                index += 3
            case "errorfile", "errorfiles":
                throw phrase.fault(ForeignKeywords.message("\(place.rawValue) … \(name)"), at: index)
            default: return try checked(answer, phrase)
            }
        }
        return try checked(answer, phrase)
    }

    private func status(_ phrase: Phrase, _ index: inout Int, _ isReturn: Bool) throws(Fault) -> Int {
        let text = phrase[index + 1]
        guard !text.isEmpty else {
            throw phrase.fault("'\(phrase[index])' expects <status_code> as argument.", at: index + 1)
        }
        guard let status = Int(text), (200...599).contains(status) else {
            throw phrase.fault("Unexpected status code '\(text)'; expected 200 to 599.", at: index + 1)
        }
        index += 2
        return status
    }

    private func checked(_ answer: Answer, _ phrase: Phrase) throws(Fault) -> Answer {
        let hasBody =
            switch answer.body {
            case .bytes(let bytes): !bytes.isEmpty
            case .format(let format): !format.parts.isEmpty
            case .page: false
            }
        if hasBody && answer.contentType == nil {
            throw phrase.fault("a content type must be defined when non-empty payload is configured.", at: 1)
        }
        if !hasBody, let type = answer.contentType {
            reader.warn(
                phrase.fault(
                    "content-type '\(type)' ignored by the http reply because no payload is defined.", at: 1))
        }
        return answer
    }

    private func format(ofFile bytes: [UInt8], _ phrase: Phrase, _ index: Int) throws(Fault) -> TextFormat {
        do throws(ExpressionFault) {
            return try TextFormatLanguage(reader: reader, place: place, draft: draft).format(
                String(decoding: bytes, as: UTF8.self))
        } catch {
            throw phrase.fault("file '\(phrase[index])': \(error.message)", at: index)
        }
    }

    private func file(_ phrase: Phrase, _ index: Int) throws(Fault) -> [UInt8] {
        guard !phrase[index].isEmpty else {
            throw phrase.fault("'\(phrase[index - 1])' expects <file> as argument.", at: index)
        }
        switch reader.surroundings.readFile(phrase[index]) {
        case .success(let bytes): return bytes
        case .failure(let failure):
            throw phrase.fault("error opening file '\(phrase[index])': \(failure.reason).", at: index)
        }
    }
}
