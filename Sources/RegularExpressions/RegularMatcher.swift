// One compiled pattern and the room for its matches, asked again and again without allocating.

import CPCRE2

/// A regular expression ready to be asked, by one at a time.
package final class RegularMatcher {
    /// Steps after which a text counts as not matching: what a client sends must not hold the worker for longer than
    /// some milliseconds, whatever the pattern.
    private static let mostSteps: UInt32 = 1_000_000

    private let code: OpaquePointer
    private let found: OpaquePointer
    private let limits: OpaquePointer
    /// Groups of the last match that may be asked for, the whole match included.
    private var groups = 0

    package init(_ expression: RegularExpression) {
        guard let code = try? expression.compiled(),
            let found = pcre2_match_data_create_from_pattern_8(code, nil),
            let limits = pcre2_match_context_create_8(nil)
        else { preconditionFailure("no memory for a pattern that was read before") }
        self.code = code
        self.found = found
        self.limits = limits
        pcre2_set_match_limit_8(limits, Self.mostSteps)
        // Where the machine has no compiler of its own for patterns, they are interpreted.
        pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE)
    }

    deinit {
        pcre2_match_context_free_8(limits)
        pcre2_match_data_free_8(found)
        pcre2_code_free_8(code)
    }

    /// The part of the last match that group `number` took; nil: none.
    package func group(_ number: Int) -> Range<Int>? {
        guard number < groups, let places = pcre2_get_ovector_pointer_8(found) else { return nil }
        let (start, end) = (places[2 * number], places[2 * number + 1])
        // A group that took no part has no place.
        guard start >= 0, start <= end else { return nil }
        return start..<end
    }

    /// Looks for the first match; the groups are kept until the next look.
    package func finds(in text: UnsafeRawBufferPointer) -> Bool {
        let result = text.withMemoryRebound(to: UInt8.self) { bytes in
            pcre2_match_8(code, bytes.baseAddress, bytes.count, 0, 0, found, limits)
        }
        groups = max(0, Int(result))
        return result > 0
    }
}
