// Everything that is told about one safe reload: the plan before it is done, and what came of it.

import Observing
import ReloadModel
import Unix

/// The file that is replaced.
package struct FileChange: Equatable, Sendable {
    package var path: String
    /// The symbolic link that led there.
    package var link: String?
    /// Where the old content will be kept.
    package var kept: String
    package var hashBefore: String
    package var hashAfter: String
}

/// What would be done, tested and looked at.
package struct ReloadPlan: Sendable {
    /// Nil: no file is replaced.
    package var change: FileChange?
    /// From what runs, as far as that is known, to what will be loaded.
    package var diff: ConfigurationDiff
    /// `what runs`, or why the diff starts somewhere else.
    package var diffStart: String
    /// The test of the new files: its command and what it said.
    package var testCommand: String
    package var testLines: [String]
    /// The doctor's findings that matter now, and what it could not look at.
    package var examinations: [Examination]
    /// Why the disk is not, or not surely, what runs; nil: it is.
    package var drift: String?
    /// What that was told by.
    package var driftEvidence: String
    /// How the master will be asked.
    package var way: String
    /// Files that the configuration names: they are read anew, and not put back.
    package var named: NamedFiles
    /// Those of them that were changed since the worker that serves has read them.
    package var renewed: [String]
}

/// One stick table around the reload.
package struct TableCarried: Equatable, Sendable {
    package var name: String
    package var before: Int
    /// Nil: the new worker has no such table.
    package var after: Int?
}

/// What came of it.
package struct ReloadReport: Sendable {
    package var verdict: Verdict
    /// A sentence each.
    package var reasons: [String] = []
    package var plan: ReloadPlan?
    package var record: ReloadRecord?
    /// What the proxy said of the attempt.
    package var log: [String] = []
    /// Where the file from before is kept; nil: nothing was placed, or it is back.
    package var kept: String?
    /// From the request to the end of the load, and to the verdict.
    package var loadMilliseconds: Double?
    package var milliseconds: Double?
    package var tables: [TableCarried] = []
    /// The load was asked for and has failed.
    package var hasFailedToLoad = false
    /// The content that lies in the file's place at the end; nil where no file was meant or it cannot be read.
    package var hashNow: String?
    /// What must be the same on every host of a fleet, as it is at the end; nil where no master was found.
    package var host: HostState?
    /// Where the audit log is.
    package var auditLog: String?

    package init(_ verdict: Verdict) { self.verdict = verdict }

    init(_ facts: ReloadFacts) {
        verdict = facts.verdict
        reasons = facts.reasons
    }

    package static func refused(_ reasons: [String], plan: ReloadPlan? = nil, log: [String] = [])
        -> ReloadReport
    {
        var report = ReloadReport(.refused)
        report.reasons = reasons
        report.plan = plan
        report.log = log
        return report
    }
}
