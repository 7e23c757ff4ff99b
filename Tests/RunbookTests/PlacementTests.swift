// A file is replaced whole or not at all, on real folders: what is kept, what stands in the way, and what comes back.

import CAttributes
import Glibc
import TestSupport
import Testing
import Unix

@testable import Runbook

@Suite struct PlacementTests {
    private let folder: ScratchFolder
    private let path: String

    init() throws {
        folder = try ScratchFolder("placement-")
        path = try folder.write("edge.cfg", "old\n")
    }

    private func text(_ path: String) -> String { (try? File.readText(path)) ?? "" }

    private func info(_ path: String) -> stat {
        var info = stat()
        lstat(path, &info)
        return info
    }

    @Test func theNewFileTakesTheNameAndTheOldOneIsKept() throws {
        chmod(path, 0o640)
        if getuid() == 0 { chown(path, 12, 34) }
        let attribute = "user.reloadtop.test"
        let hasAttributes = setxattr(path, attribute, "x", 1, 0) == 0
        // An access list: another user may read. Its version, then tag, rights and user of each entry.
        let list: [UInt8] =
            [2, 0, 0, 0] + [1, 0, 6, 0, 255, 255, 255, 255] + [2, 0, 4, 0, 210, 4, 0, 0]
            + [4, 0, 4, 0, 255, 255, 255, 255] + [16, 0, 4, 0, 255, 255, 255, 255]
            + [32, 0, 0, 0, 255, 255, 255, 255]
        let access = "system.posix_acl_access"
        let hasAccessLists = setxattr(path, access, list, list.count, 0) == 0
        let old = info(path)
        let placement = try Placement(replacing: path)
        try placement.stage(Array("new\n".utf8))
        #expect(text(path) == "old\n")
        #expect(
            placement.before.hash == (try Program.run("/usr/bin/sha256sum", input: "old\n").line.prefix(64)))
        try placement.place()
        #expect(text(path) == "new\n" && text(placement.kept) == "old\n")
        let new = info(path)
        #expect(new.st_mode == old.st_mode && new.st_uid == old.st_uid && new.st_gid == old.st_gid)
        if hasAttributes {
            var value = [UInt8](repeating: 0, count: 8)
            #expect(getxattr(path, attribute, &value, 8) == 1 && value[0] == UInt8(ascii: "x"))
        }
        if hasAccessLists {
            var value = [UInt8](repeating: 0, count: 64)
            #expect(getxattr(path, access, &value, value.count) == list.count)
            #expect(Array(value.prefix(list.count)) == list)
        }
        // None of its names is loaded from a folder.
        let names = try File.names(in: folder.path).filter { $0 != "edge.cfg" }
        #expect(names == [".edge.cfg.reloadtop-previous"])
        try placement.restore()
        #expect(text(path) == "old\n" && info(path).st_ino == old.st_ino)
        #expect(info(path).st_mtim.tv_nsec == old.st_mtim.tv_nsec)
        // No second name is left by which an editor would change both.
        #expect(try File.names(in: folder.path) == ["edge.cfg"])
    }

    /// A folder's default access list does not let others read than could read the old file.
    @Test func theFolderGivesNobodyMoreRights() throws {
        // Owner, user 1234, group, mask, others.
        let list: [UInt8] =
            [2, 0, 0, 0] + [1, 0, 6, 0, 255, 255, 255, 255] + [2, 0, 6, 0, 210, 4, 0, 0]
            + [4, 0, 6, 0, 255, 255, 255, 255] + [16, 0, 6, 0, 255, 255, 255, 255]
            + [32, 0, 0, 0, 255, 255, 255, 255]
        // One that knows no access lists gives none.
        _ = setxattr(folder.path, "system.posix_acl_default", list, list.count, 0)
        chmod(path, 0o640)
        let placement = try Placement(replacing: path)
        try placement.stage(Array("new\n".utf8))
        #expect(getxattr(placement.staged, "system.posix_acl_access", nil, 0) == -1)
        #expect(info(placement.staged).st_mode & 0o7777 == 0o640)
    }

    /// What runs is never written over: what else was found in its place is kept beside it, and comes back.
    @Test func whatRunsStaysKept() throws {
        let previous = try folder.write(".edge.cfg.reloadtop-previous", "runs\n")
        let hash = try FileState(of: previous).hash
        let old = try FileState(of: path).hash
        for running in [Placement.Running.content(hash), .unknown] {
            let placement = try Placement(replacing: path, running: running)
            try placement.stage(Array("new\n".utf8))
            try placement.place()
            #expect(placement.kept == folder.file(".edge.cfg.reloadtop-found"))
            #expect(text(path) == "new\n" && text(previous) == "runs\n" && text(placement.kept) == "old\n")
            try placement.restore()
            #expect(text(path) == "old\n" && text(previous) == "runs\n")
            #expect(try File.names(in: folder.path).count == 2)
        }
        for running in [Placement.Running.whatLiesThere, .content(old), .content("is nowhere")] {
            #expect(try Placement(replacing: path, running: running).kept == previous)
        }
    }

    @Test func whatIsNotPlacedLeavesNothing() throws {
        do {
            let placement = try Placement(replacing: path)
            try placement.stage(Array("new\n".utf8))
            #expect(try File.names(in: folder.path).count == 2)
        }
        #expect(try File.names(in: folder.path) == ["edge.cfg"])
    }

    @Test func aLinkStaysAndItsTargetIsReplaced() throws {
        let link = folder.file("link.cfg")
        symlink("edge.cfg", link)
        let placement = try Placement(replacing: link)
        #expect(placement.link == link && placement.path.hasSuffix("/edge.cfg"))
        try placement.stage(Array("new\n".utf8))
        try placement.place()
        #expect(info(link).st_mode & S_IFMT == S_IFLNK && text(path) == "new\n")
        #expect(throws: PlacementFault.self) { try Placement(replacing: link, isElsewhere: true) }
    }

    /// Whoever else writes meanwhile wins, in place or by a new file, before and after.
    @Test(arguments: [false, true]) func aChangeUnderItsFeetStays(byRename: Bool) throws {
        func change(_ text: String) throws {
            guard byRename else { return try File.write(path, text) }
            try folder.write("editor", text)
            #expect(rename(folder.file("editor"), path) == 0)
        }
        let early = try Placement(replacing: path)
        try File.write(early.kept, "older\n")
        try early.stage(Array("new\n".utf8))
        try change("other\n")
        #expect(throws: PlacementFault.self) { try early.place() }
        #expect(text(path) == "other\n" && text(early.kept) == "older\n")
        early.discard()
        #expect(try File.names(in: folder.path).count == 2)
        let late = try Placement(replacing: path)
        try late.stage(Array("new\n".utf8))
        try late.place()
        try change("later\n")
        #expect(throws: PlacementFault.self) { try late.restore() }
        #expect(text(path) == "later\n" && text(late.kept) == "other\n")
    }

    @Test func whatIsNoFileIsNotReplaced() throws {
        for name in [folder.path, folder.file("missing"), "/dev/null"] {
            #expect(throws: PlacementFault.self) { try Placement(replacing: name) }
        }
    }

    /// A file system that takes nothing more: the answer says why, and nothing is left behind.
    @Test(.enabled(if: getuid() == 0), arguments: ["full", "read-only", "mounted"])
    func aFileSystemInTheWayIsNamed(_ case: String) throws {
        // The mount is seen by this process alone: the test is a program of its own.
        let mount = folder.file("mount")
        mkdir(mount, 0o755)
        let script = """
            set -e
            mount -t tmpfs -o size=64k none \(mount)
            echo old > \(mount)/edge.cfg
            case \(`case`) in
            full) dd if=/dev/zero of=\(mount)/fill bs=4k count=100 2>/dev/null || true ;;
            read-only) mount -o remount,ro \(mount) ;;
            mounted) cp \(mount)/edge.cfg \(mount)/other; mount --bind \(mount)/other \(mount)/edge.cfg ;;
            esac
            exec sleep 1000
            """
        let holder = try RunningProgram(
            "/usr/bin/unshare", ["-m", "--propagation", "private", "/bin/sh", "-c", script], in: folder)
        let there = "/proc/\(holder.pid)/root\(mount)"
        try wait(for: "the file system") {
            (try? File.readText("/proc/\(holder.pid)/comm")) == "sleep\n"
        }
        let fault = #expect(throws: PlacementFault.self) {
            let placement = try Placement(replacing: "\(there)/edge.cfg", isElsewhere: true)
            try placement.stage([UInt8](repeating: 10, count: 8192))
            try placement.place()
        }
        let words = ["full": "is full", "read-only": "is read-only", "mounted": "a mount of its own"]
        #expect(
            fault?.description.contains(words[`case`] ?? "?") == true, "\(fault.map(\.description) ?? "")")
        #expect(text("\(there)/edge.cfg") == "old\n")
        #expect(try File.names(in: there).allSatisfy { !$0.hasSuffix("-new") && !$0.hasSuffix("-spare") })
    }
}

@Suite struct ReloadLockTests {
    @Test func twoAtOnceAreToldOfEachOther() throws {
        let folder = try ScratchFolder("lock-")
        let other = try ScratchFolder("lock-")
        var first: ReloadLock? = try ReloadLock(on: [folder.path, other.path])
        let fault = #expect(throws: ReloadLock.Fault.self) { try ReloadLock(on: [other.path]) }
        #expect(fault?.description.contains("process \(getpid()) (") == true)
        withExtendedLifetime(first) {}
        first = nil
        // A process that another test starts has it until it is executed.
        try wait(for: "the lock") { (try? ReloadLock(on: [folder.path, other.path])) != nil }
        #expect(throws: ReloadLock.Fault.self) { try ReloadLock(on: [folder.file("missing")]) }
        #expect(
            ReloadLock.holder(
                inode: 12, in: "1: POSIX A W 3 08:01:12 0 EOF\n2: FLOCK  ADVISORY  WRITE 5 08:01:12 0 EOF")
                == 5)
        #expect(try File.names(in: folder.path).isEmpty)
    }
}
