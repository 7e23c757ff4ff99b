// Regular expressions over bytes, by PCRE2: the library that HAProxy is built with, so that a pattern means the same
// in both and a bad one is refused in the same words.

import CPCRE2

/// A pattern that PCRE2 has read without a fault.
package struct RegularExpression: Sendable {
    /// Why a pattern is none, in PCRE2's words.
    package struct Fault: Error, Equatable, Sendable {
        package var reason: String
        /// Bytes from the pattern's start.
        package var offset: Int
    }

    private let pattern: [UInt8]
    private let ignoresCase: Bool

    package init(_ pattern: some Sequence<UInt8>, ignoresCase: Bool = false) throws(Fault) {
        self.pattern = Array(pattern)
        self.ignoresCase = ignoresCase
        pcre2_code_free_8(try compiled())
    }

    /// What is wrong with a pattern; nil: nothing.
    package static func fault(in pattern: String, ignoresCase: Bool) -> Fault? {
        do throws(Fault) {
            _ = try RegularExpression(pattern.utf8, ignoresCase: ignoresCase)
            return nil
        } catch {
            return error
        }
    }

    /// The pattern as PCRE2 holds it; whoever asks frees it.
    func compiled() throws(Fault) -> OpaquePointer {
        var number: Int32 = 0
        var offset = 0
        let code = pattern.withUnsafeBufferPointer { bytes in
            pcre2_compile_8(
                bytes.baseAddress, bytes.count, ignoresCase ? PCRE2_CASELESS : 0, &number, &offset, nil)
        }
        guard let code else { throw Fault(reason: Self.words(number), offset: offset) }
        return code
    }

    private static func words(_ number: Int32) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
            let count = pcre2_get_error_message_8(number, buffer.baseAddress, buffer.count)
            guard count > 0 else { return "error \(number)" }
            return String(decoding: buffer[..<Int(count)], as: UTF8.self)
        }
    }
}
