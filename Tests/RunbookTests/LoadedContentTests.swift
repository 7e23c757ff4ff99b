// How the files on disk differ from what a worker was loaded from, with and without the names of what it read.

import Observing
import ReloadModel
import Testing

@testable import Runbook

@Suite struct LoadedContentTests {
    /// `a=1 b=2`: files by name, with their content.
    private func disk(_ text: String) -> [ConfigurationFile] {
        text.split(separator: " ").map { word in
            let parts = word.split(separator: "=")
            return ConfigurationFile(path: String(parts[0]), bytes: Array(parts[1].utf8), modifiedAt: 0)
        }
    }

    @Test(arguments: [
        ("a=1 b=2", "a=1 b=2", "", ""),
        ("a=1 b=2", "a=1 b=3", "b is not what runs", "b is not what runs"),
        ("a=1 b=2", "a=0 b=3", "a, b are not what runs", "a, b are not what runs"),
        ("a=1 b=2", "a=1 b=2 c=3", "c is not what runs", "c is not what runs"),
        ("a=1 c=3", "a=1 b=2 c=3", "b is not what runs", "b is not what runs"),
        ("a=1 b=2 c=3", "a=1 c=3", "b was loaded and is gone", "1 file that was loaded is gone"),
        (
            "a=1 b=2 c=3", "c=3", "a was loaded and is gone; b was loaded and is gone",
            "2 files that were loaded are gone"
        ),
        (
            "a=1 b=2 c=3", "a=4 c=3", "a is not what runs; b was loaded and is gone",
            "a is not what runs; 1 file that was loaded is gone"
        ),
    ])
    func whatDiffersIsNamed(_ loaded: String, _ there: String, named: String, unnamed: String) {
        for (isNamed, sentence) in [(true, named), (false, unnamed)] {
            let files = disk(loaded).map {
                LoadedContent.File(name: isNamed ? $0.path : nil, hash: HostState.hash($0.bytes))
            }
            let found = LoadedContent(files: files, witness: "").difference(from: disk(there))
            #expect(found.sentence == sentence && found.isEmpty == sentence.isEmpty, "\(isNamed)")
        }
    }
}
