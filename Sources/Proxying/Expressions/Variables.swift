// `set-var` and `var`: values that a rule keeps for later, for a request, a connection or the process.

import ConfigLanguage
import Unix

/// A value that outlives its evaluation.
enum KeptSample {
    case plain(Sample)
    case text(ConstantBytes)

    init(_ sample: Sample) {
        if case .text(let bytes) = sample {
            self = .text(ConstantBytes(bytes))
        } else {
            self = .plain(sample)
        }
    }

    var sample: Sample {
        switch self {
        case .plain(let sample): sample
        case .text(let text): .text(text.bytes)
        }
    }
}

/// The variables of one scope; most have none.
typealias VariableValues = [Variable: KeptSample]

extension Scene {
    func value(of variable: Variable) -> Sample? {
        switch variable.scope {
        case .proc: core.variables[variable]?.sample
        case .sess: client.session?.variables[variable]?.sample
        case .txn, .req, .res: stream?.variables[variable]?.sample
        }
    }

    /// Nil unsets it.
    func set(_ variable: Variable, to sample: Sample?) {
        let kept = sample.map { KeptSample($0) }
        switch variable.scope {
        case .proc: core.variables[variable] = kept
        case .sess: client.openSession().variables[variable] = kept
        case .txn, .req, .res: stream?.variables[variable] = kept
        }
    }
}
