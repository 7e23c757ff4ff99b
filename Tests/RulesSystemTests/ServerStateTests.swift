// Servers that are carried over a reload by a file, beside real HAProxy.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

@Suite(.serialized, .timeLimit(.minutes(5))) struct ServerStateTests {
    /// A proxy whose servers are changed by hand and by checks; its file is in the folder.
    private func start(_ kind: ProxyKind, refusing: UInt16) throws -> Conversation {
        try Conversation(
            kind,
            """
                load-server-state-from-file local
                default-server inter 100ms rise 2 fall 2
            frontend fe
                bind 127.0.0.1:PORT
                http-request return status 200
            backend be
                server-state-file-name FOLDER/state
                server changed 127.0.0.1:ORIGIN weight 10
                server reweighted 127.0.0.1:ORIGIN weight 20
                server stopped 127.0.0.1:ORIGIN
                server disabled 127.0.0.1:ORIGIN disabled
                server down 127.0.0.1:\(refusing) check inter 300ms
                server up 127.0.0.1:PORT check inter 300ms
                server new 127.0.0.1:ORIGIN
            """, files: ["state": "1\n"])
    }

    /// Name, `srv_op_state`, `srv_admin_state`, weights, `srv_check_status`, `…_result`, `…_health`.
    private func states(_ talk: Conversation) throws -> [String] {
        try talk.proxy.ask("@1 show servers state be").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count > 20, words[0] != "#" else { return nil }
            // HAProxy keeps a health for servers that it does not check, and its results differ by when it looks.
            let isChecked = words[3] == "down" || words[3] == "up"
            return ([3, 5, 6, 7, 8] + (isChecked ? [10, 11, 12] : [])).map { words[$0] }.joined(
                separator: " ")
        }
    }

    @Test func whatAnAdminAndChecksHaveFoundOutlivesAReload() throws {
        let refusing = try FreePort.find()
        var results: [[String]] = []
        for kind in ProxyKind.allCases {
            let talk = try start(kind, refusing: refusing)
            try wait(for: "the checks of \(kind)") {
                let stat = try talk.proxy.ask("@1 show stat")
                return stat.contains("L4CON") && stat.contains("L4OK")
            }
            _ = try talk.proxy.ask("@1 set server be/changed weight 5")
            _ = try talk.proxy.ask("@1 set server be/reweighted weight 7")
            _ = try talk.proxy.ask("@1 disable server be/stopped")
            let before = try states(talk)
            // The new server is not in the file, and one has another weight since then.
            let file = try talk.proxy.ask("@1 show servers state be").split(separator: "\n")
                .filter { !$0.contains(" new ") }.joined(separator: "\n")
            try talk.proxy.folder.write("state", file + "\n")
            try talk.proxy.configure(
                try File.readText(talk.proxy.configurationFile).replacing("weight 20", with: "weight 30"))
            try talk.proxy.reload()
            let after = try states(talk)
            #expect(
                after == before.map { $0.hasPrefix("reweighted") ? "reweighted 2 0 30 30" : $0 }, "\(kind)")
            #expect(talk.proxy.program.errors.contains("changed from server-state after a reload"))
            results.append(after)
        }
        #expect(results[0] == results[1])
    }

    /// What is wrong with the file is said, and the servers are as the configuration has them.
    @Test(arguments: [
        ("2\n", "Can't get version"), ("1\n3 be 1 changed\n", "corrupted server state file"),
        (
            "1\n3 be 1 changed 127.0.0.1 9 0 5 10 1 1 0 0 0 0 0 0 - 80 - 0 0 - - 0\n",
            "server-state application failed for server 'be/changed', invalid"
        ),
    ])
    func aFileThatIsNone(_ text: String, _ words: String) throws {
        let talk = try start(.mwproxy, refusing: try FreePort.find())
        try talk.proxy.folder.write("state", text)
        try talk.proxy.reload()
        #expect(talk.proxy.program.errors.contains(words))
        #expect(try states(talk).first == "changed 2 0 10 10")
    }
}
