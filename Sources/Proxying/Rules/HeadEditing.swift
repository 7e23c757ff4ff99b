// Changes that rules make to a head, seen by the rules that follow: the head is copied once, and what is new is
// written behind it. Nothing that was found in it moves.

import ConfigLanguage
import HTTP1
import Unix

extension ProxyCore {
    /// Field places have 16 bits.
    static let editRoomSize = 65535

    /// The head that expressions look at from now on.
    @inline(__always)
    func show(_ side: HeadSide, _ bytes: UnsafeRawBufferPointer) {
        headSide = side
        headBytes = bytes
        isHeadEdited = false
    }

    /// Puts bytes behind the head; nil: there is no room.
    private func append(_ pieces: UnsafeRawBufferPointer...) -> Int? {
        if !isHeadEdited {
            guard headBytes.count <= Self.editRoomSize else { return nil }
            editRoom.copyMemory(from: headBytes)
            headBytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(editRoom)[..<headBytes.count])
            isHeadEdited = true
        }
        let start = headBytes.count
        var end = start
        for piece in pieces {
            guard piece.count <= Self.editRoomSize - end else { return nil }
            UnsafeMutableRawBufferPointer(rebasing: editRoom[end...]).copyMemory(from: piece)
            end += piece.count
        }
        headBytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(editRoom)[..<end])
        return start
    }

    private func change<Result>(_ body: (inout FieldSection) -> Result) -> Result {
        headSide == .response ? body(&responseHead.section) : body(&requestHead.section)
    }

    private func nameOfField(_ index: Int) -> Range<Int> {
        headSide == .response
            ? responseHead.section.fields[index].name : requestHead.section.fields[index].name
    }

    private static var separator: UnsafeRawBufferPointer { UnsafeRawBufferPointer(constant: ": ") }

    /// False: there is no room for it.
    func addField(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
        guard let start = append(name, Self.separator, value) else { return false }
        let nameRange = start..<start + name.count
        let valueStart = start + name.count + 2
        let bytes = headBytes.assumingMemoryBound(to: UInt8.self)
        return change {
            $0.add(name: nameRange, value: valueStart..<valueStart + value.count, in: bytes.span)
        }
    }

    func addField(_ name: [UInt8], _ value: UnsafeRawBufferPointer) -> Bool {
        name.withUnsafeBytes { addField($0, value) }
    }

    /// Gives a field another value.
    func setField(_ index: Int, to value: UnsafeRawBufferPointer) -> Bool {
        let name = nameOfField(index)
        guard
            let start = append(
                UnsafeRawBufferPointer(rebasing: headBytes[name]), Self.separator, value)
        else { return false }
        let valueStart = start + name.count + 2
        return change {
            $0.replace(
                index, name: start..<start + name.count, value: valueStart..<valueStart + value.count)
        }
    }

    /// Drops the fields whose name is as wanted.
    func removeFields(where isWanted: (UnsafeRawBufferPointer) -> Bool) {
        let bytes = headBytes
        let found = change { section in
            section.remove { isWanted(UnsafeRawBufferPointer(rebasing: bytes[$0.name])) }
        }
        if found { markEdited() }
    }

    /// `name`: in lower case.
    func removeFields(named name: [UInt8]) {
        removeFields { $0.isName(name) }
    }

    func removeField(at index: Int) {
        change { $0.remove(index) }
        markEdited()
    }

    private func markEdited() {
        if !isHeadEdited { _ = append() }
    }

    /// The request's line with another target; false: it cannot be one.
    func setTarget(_ target: UnsafeRawBufferPointer) -> Bool {
        guard !target.isEmpty, target.allSatisfy(\.belongsInTarget) else { return false }
        let line = requestHead.line
        let method = requestHead.methodRange
        let isOrigin = target[0] == UInt8(ascii: "/") || target[0] == UInt8(ascii: "*")
        guard isOrigin || target[0].isLetter else { return false }
        guard
            let start = append(
                UnsafeRawBufferPointer(rebasing: headBytes[method.lowerBound..<method.upperBound + 1]),
                target,
                UnsafeRawBufferPointer(rebasing: headBytes[line.upperBound - 9..<line.upperBound]))
        else { return false }
        let targetStart = start + method.count + 1
        requestHead.setLine(
            start..<headBytes.count, method: start..<start + method.count,
            target: targetStart..<targetStart + target.count)
        return true
    }

    /// The response's line with another status.
    func setStatus(_ status: Int, reason: String) -> Bool {
        var text = "HTTP/1.1 \(status) \(reason)"
        guard let start = text.withUTF8({ append(UnsafeRawBufferPointer($0)) }) else { return false }
        responseHead.setLine(start..<headBytes.count, status: status)
        return true
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes of a text of the program itself.
    init(constant text: StaticString) {
        self.init(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    /// Whether it is a field's name, which is given in lower case.
    func isName(_ name: [UInt8]) -> Bool {
        guard count == name.count else { return false }
        for index in 0..<count where self[index].lowercased != name[index] { return false }
        return true
    }
}
