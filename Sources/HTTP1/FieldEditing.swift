// Changes to the fields of a head that was read: new ones lie behind the head in the same bytes, and those that are
// gone are no longer listed. Framing and what concerns the connection were settled when the head was read.

extension FieldSection {
    /// Lists one more field, `name: value` in `bytes`. False: there are too many.
    package mutating func add(name: Range<Int>, value: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        guard fields.count < Self.mostFields, value.upperBound <= Int(UInt16.max) else { return false }
        let known = Self.identify(bytes, name)
        insert(
            HeaderField(
                nameStart: UInt16(name.lowerBound), nameEnd: UInt16(name.upperBound),
                valueStart: UInt16(value.lowerBound), valueEnd: UInt16(value.upperBound),
                lineEnd: UInt16(value.upperBound), known: known))
        return true
    }

    /// The same field with another value; the name may lie elsewhere too.
    package mutating func replace(_ index: Int, name: Range<Int>, value: Range<Int>) -> Bool {
        guard value.upperBound <= Int(UInt16.max) else { return false }
        set(
            index,
            HeaderField(
                nameStart: UInt16(name.lowerBound), nameEnd: UInt16(name.upperBound),
                valueStart: UInt16(value.lowerBound), valueEnd: UInt16(value.upperBound),
                lineEnd: UInt16(value.upperBound), known: fields[index].known))
        return true
    }
}
