// Which of the files that a master loads a new one is meant for.

import Observing

package enum ReloadTarget {
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// The file to replace with `new`: `named`, or the only one, or the only one of the same name.
    package static func file(
        for new: String, named: String?, among files: [LoadedFile]
    ) throws(Fault) -> LoadedFile {
        let list = files.map(\.name).joined(separator: ", ")
        if let named {
            let found = files.first { $0.name == named || $0.place == named }
            if let found { return found }
            let sameBase = files.filter { base($0.name) == named }
            guard sameBase.count == 1 else {
                throw Fault(description: "--replace \(named): the master loads \(list)")
            }
            return sameBase[0]
        }
        if files.count == 1, files[0].word == files[0].name { return files[0] }
        let same = files.filter { base($0.name) == base(new) }
        if same.count == 1 { return same[0] }
        let folders = Set(files.filter { $0.word != $0.name }.map(\.word)).sorted()
        let why =
            folders.isEmpty
            ? "the master loads \(files.count) files (\(list))"
            : "the master loads the folder \(folders.joined(separator: ", ")) (\(list))"
        throw Fault(description: "\(why): say with --replace FILE which of them \(new) is for")
    }

    /// The words that load `files` with one of them replaced, from those of the master's own command line.
    package static func words(
        _ loading: [String], replacing target: LoadedFile, by path: String, among files: [LoadedFile]
    ) -> [String] {
        var words: [String] = []
        var index = 0
        while index < loading.count {
            guard loading[index] == "-f", index + 1 < loading.count else {
                words.append(loading[index])
                index += 1
                continue
            }
            let word = loading[index + 1]
            if word == target.word {
                for file in files where file.word == word {
                    words += ["-f", file.name == target.name ? path : file.name]
                }
            } else {
                words += ["-f", word]
            }
            index += 2
        }
        return words
    }

    private static func base(_ path: String) -> Substring { path.split(separator: "/").last ?? "" }
}
