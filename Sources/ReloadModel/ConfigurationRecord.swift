// What the proxy was loaded from, attempt by attempt: the bytes of its files as they were at each load.

/// One file of a configuration as it was read.
package struct ConfigurationFile: Equatable, Sendable {
    /// As the command line or its folder names it.
    package var path: String
    package var bytes: [UInt8]
    /// Microseconds since 1970 UTC: its last modification.
    package var modifiedAt: Int64

    package init(path: String, bytes: [UInt8], modifiedAt: Int64) {
        self.path = path
        self.bytes = bytes
        self.modifiedAt = modifiedAt
    }
}

/// The files of one load attempt.
package struct ConfigurationVersion: Equatable, Sendable {
    /// When the attempt began, microseconds since 1970 UTC; when reloadtop came, for the one in force then.
    package var at: Int64
    /// The attempt's number, where it is known.
    package var attempt: Int?
    /// Unknown: they were not seen as they were loaded, or could not be read.
    package var files: Known<[ConfigurationFile]>
    /// What became of the load; success for the one in force when reloadtop came.
    package var result: ReloadRecord.Result

    package init(
        at: Int64, attempt: Int? = nil, files: Known<[ConfigurationFile]>, result: ReloadRecord.Result
    ) {
        self.at = at
        self.attempt = attempt
        self.files = files
        self.result = result
    }
}

/// Every version that is kept, and how the disk stands to the one in force.
package struct ConfigurationRecord: Equatable, Sendable {
    package enum Disk: Equatable, Sendable {
        case same
        /// These files have another content, or are there or gone, since the version in force was loaded.
        case differs([String], files: [ConfigurationFile])
    }
    /// Files on disk that the serving worker has not read.
    package struct Edit: Equatable, Sendable {
        package var names: [String]
        /// When they came to be what they are, microseconds since 1970 UTC; nil where they have gone.
        package var at: Int64?
        /// Their content differs; else only their time says so.
        package var isCompared: Bool

        package init(names: [String], at: Int64?, isCompared: Bool) {
            self.names = names
            self.at = at
            self.isCompared = isCompared
        }
    }
    /// Oldest first.
    package var versions: [ConfigurationVersion]
    /// The place in `versions` of what the serving worker runs.
    package var inForce: Known<Int>
    package var disk: Known<Disk>
    /// What was edited and is not loaded; nil: nothing, as far as can be seen.
    package var edit: Edit?

    package init(
        versions: [ConfigurationVersion], inForce: Known<Int>, disk: Known<Disk>, edit: Edit? = nil
    ) {
        self.versions = versions
        self.inForce = inForce
        self.disk = disk
        self.edit = edit
    }

    /// Nobody has looked at the files.
    package static let unseen: ConfigurationRecord = {
        let why = Unknown("the configuration files were not looked at")
        return ConfigurationRecord(versions: [], inForce: .unknown(why), disk: .unknown(why))
    }()

    package var filesInForce: Known<[ConfigurationFile]> {
        switch inForce {
        case .unknown(let why): .unknown(why)
        case .known(let index): versions[index].files
        }
    }

    /// What ran before the version at a place: nil when that was before reloadtop came.
    package func before(_ index: Int) -> ConfigurationVersion? {
        versions[..<index].last { $0.result == .success || $0.result == .restart }
    }
}
