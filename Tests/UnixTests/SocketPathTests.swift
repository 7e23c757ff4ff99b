// Mode and owner go to the very socket that was inherited, never to what somebody has put in its place.

import Glibc
import TestSupport
import Testing
import Unix

@Suite struct SocketPathTests {
    private func mode(_ path: String) throws -> mode_t {
        var status = stat()
        guard stat(path, &status) == 0 else { throw Errno.last }
        return status.st_mode & 0o7777
    }

    @Test func modeAndOwnerOfTheSocketItself() throws {
        let folder = try ScratchFolder("access-")
        let path = folder.file("a.sock")
        let socket = try Socket.stream(for: .unix(path: path))
        var place = try SocketPath(binding: socket, for: path, mode: 0o600, backlog: 5)
        try place.publish()
        let isChanged = try SocketPath.setAccess(
            path, of: place.identity, mode: 0o666, uid: getuid(), gid: nil)
        #expect(isChanged)
        #expect(try mode(path) == 0o666)
    }

    enum Substitute: CaseIterable {
        case linkToTheSocket, linkToAFile, file, otherSocket, nothing
    }

    @Test(arguments: Substitute.allCases) func whatStandsInItsPlaceIsLeftAlone(_ kind: Substitute) throws {
        let folder = try ScratchFolder("access-")
        let path = folder.file("a.sock")
        let socket = try Socket.stream(for: .unix(path: path))
        var place = try SocketPath(binding: socket, for: path, mode: 0o600, backlog: 5)
        try place.publish()
        let moved = folder.file("moved.sock")
        try #require(rename(path, moved) == 0)
        let file = try folder.write("secret", "")
        try #require(chmod(file, 0o600) == 0)
        let other = try Socket.stream(for: .unix(path: path))
        var watched = [moved, file]
        switch kind {
        case .linkToTheSocket: try #require(symlink(moved, path) == 0)
        case .linkToAFile: try #require(symlink(file, path) == 0)
        case .file:
            try #require(link(file, path) == 0)
        case .otherSocket:
            try Socket.bind(other, to: .unix(path: path))
            try #require(chmod(path, 0o600) == 0)
            watched.append(path)
        case .nothing: break
        }
        let isChanged = try SocketPath.setAccess(path, of: place.identity, mode: 0o666, uid: nil, gid: nil)
        #expect(!isChanged)
        for path in watched { #expect(try mode(path) == 0o600) }
    }
}
