import TestSupport
import Testing

@Suite struct ScratchFolderTests {
    @Test func isGoneWithItsOwner() throws {
        let folder = try ScratchFolder()
        #expect(try folder.write("a", "b") == folder.path + "/a")
    }
}
