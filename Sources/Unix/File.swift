// Whole files, for programs that do not use Foundation.

import Glibc

/// Reading, writing and listing of files.
package enum File {
    /// All bytes of a file. `limit`: more than this many bytes throws EFBIG.
    package static func read(_ path: String, limit: Int = 64 << 20) throws(Errno) -> [UInt8] {
        let raw = open(path, O_RDONLY | O_CLOEXEC)
        if raw < 0 { throw .last }
        let file = Descriptor(owning: raw)
        return try readAll(file.raw, limit: limit)
    }

    /// All bytes from a descriptor until its end.
    package static func readAll(_ raw: Int32, limit: Int = 64 << 20) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = Glibc.read(raw, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw .last
            }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > limit { throw .fileTooLarge }
        }
    }

    /// All text of a file; bytes that are no UTF-8 are replaced. `limit` as in `read`.
    package static func readText(_ path: String, limit: Int = 64 << 20) throws(Errno) -> String {
        String(decoding: try read(path, limit: limit), as: UTF8.self)
    }

    /// Writes all bytes to a blocking descriptor.
    package static func writeAll(_ raw: Int32, _ bytes: some Sequence<UInt8>) throws(Errno) {
        let bytes = Array(bytes)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw .last
            }
            done += count
        }
    }

    /// Replaces a file's content; creates it with `mode` where it is missing.
    package static func write(_ path: String, _ text: String, mode: mode_t = 0o644) throws(Errno) {
        let raw = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        if raw < 0 { throw .last }
        let file = Descriptor(owning: raw)
        try writeAll(file.raw, text.utf8)
    }

    /// Makes the folders that `path` lies in, where they are missing, for this user alone.
    package static func createDirectories(above path: String) throws(Errno) {
        var folder = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/").dropLast() {
            folder += "/" + part
            if mkdir(folder, 0o700) != 0 {
                let error = Errno.last
                if error != .fileExists, access(folder, F_OK) != 0 { throw error }
            }
        }
    }

    /// The names in a directory, sorted, without `.` and `..`.
    package static func names(in directory: String) throws(Errno) -> [String] {
        guard let stream = opendir(directory) else { throw .last }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            // In place: a copy would be of the longest name, and read beyond a shorter entry.
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
