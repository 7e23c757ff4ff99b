import AdminSocket
import Glibc
import RuntimeAPI
import Testing
import Unix

/// What a worker's socket does; each answer was compared with HAProxy 2.6.12.
@Suite struct WorkerSessionTests {
    @Test func aSocketClosesAfterOneLine() throws {
        let stage = try Stage([version])
        #expect(try stage.ask(stage.client(), "show version\n") == "1.2.3\n\n")
        #expect(stage.server.sessionCount == 0)
    }

    @Test func semicolonsGiveSeveralAnswers() throws {
        let stage = try Stage([version])
        #expect(try stage.ask(stage.client(), "show version;show cli level\n") == "1.2.3\n\nadmin\n\n")
        #expect(try stage.ask(stage.client(), "show version; \n") == "1.2.3\n\n")
    }

    @Test func linesThatCameTogetherAreAnsweredTogether() throws {
        let stage = try Stage([version])
        #expect(try stage.ask(stage.client(), "show version\r\nshow version\n") == "1.2.3\n\n1.2.3\n\n")
    }

    @Test func aLineWithoutNewlineIsNoCommand() throws {
        let stage = try Stage([version])
        #expect(try stage.ask(stage.client(), "show version", endingSide: true) == "")
    }

    @Test func halfCloseStillGetsTheAnswer() throws {
        let stage = try Stage([version])
        #expect(try stage.ask(stage.client(), "show version\n", endingSide: true) == "1.2.3\n\n")
    }

    @Test func promptKeepsTheSessionOpen() throws {
        let stage = try Stage([version])
        let client = try stage.client()
        #expect(try stage.exchange(client, "prompt\n", until: "> ") == "\n> ")
        #expect(try stage.exchange(client, "show version\n", until: "> ") == "1.2.3\n\n> ")
        #expect(
            try stage.exchange(client, "show version;show cli level\n", until: "n\n\n> ")
                == "1.2.3\n\n> admin\n\n> ")
        #expect(try stage.exchange(client, "\n", until: "> ") == "> ")
        #expect(try stage.ask(client, "prompt\n") == "\n")
    }

    @Test func promptCountsFromWhereItStands() throws {
        let stage = try Stage([version])
        let client = try stage.client()
        #expect(
            try stage.exchange(client, "prompt;show version\n", until: "3\n\n> ") == "\n> 1.2.3\n\n> ")
    }

    @Test func quitSaysNothing() throws {
        let stage = try Stage([version])
        #expect(try stage.ask(stage.client(), "quit\n") == "")
        #expect(try stage.ask(stage.client(), "show version;quit;show version\n") == "1.2.3\n\n")
    }

    @Test func levelsAreEnforcedAndOnlyFall() throws {
        let stage = try Stage([version, secret, operatorsOnly])
        let line = "show secret;operator;show secret;show sess 0x1;user;show sess;operator;show cli level\n"
        #expect(
            try stage.ask(stage.client(), line)
                == "42\n\n\nPermission denied\n\nsess 0x1\n\n\nPermission denied\n\nPermission denied\n\nuser\n\n"
        )
        #expect(try stage.ask(stage.client(level: .user), "show secret\n") == "Permission denied\n\n")
    }

    @Test func unknownCommandsAreAnsweredWithHelp() throws {
        let stage = try Stage([version])
        let answer = try stage.ask(stage.client(), "show vershun\n")
        #expect(
            answer.hasPrefix(
                "Unknown command: 'show', but maybe one of the following ones is a better match:\n"))
        #expect(answer.contains("\n  show version                            : tell the version\n"))
        #expect(answer.hasSuffix("  quit                                    : disconnect\n\n"))
        let help = try stage.ask(stage.client(), "help show\n")
        #expect(help.hasPrefix("The following commands are valid at this level:\n"))
        #expect(help.contains("show cli level") && !help.contains("operator "))
    }

    @Test func payloadReachesTheCommand() throws {
        let stage = try Stage([
            AdminCommand("set it <what>", help: "set") { .text("\($0.arguments) \($0.payload ?? "none")") }
        ])
        #expect(try stage.ask(stage.client(), "set it a <<\nx\ny\n\n") == "[\"a\"] x\ny\n\n")
        let client = try stage.client()
        _ = try stage.exchange(client, "prompt\n", until: "> ")
        #expect(try stage.exchange(client, "set it <<\n", until: "+ ") == "+ ")
        #expect(try stage.exchange(client, "one\n", until: "+ ") == "+ ")
        #expect(try stage.exchange(client, "\n", until: "> ") == "[] one\n\n> ")
    }

    @Test func linesAndPayloadsAreBounded() throws {
        let stage = try Stage([version])
        let long = String(repeating: "x", count: 40_000)
        #expect(try stage.ask(stage.client(), long).hasPrefix("Line too long"))
        let client = try stage.client()
        try client.send("show version <<\n")
        for _ in 0..<17 {
            try client.send(String(repeating: "payload\n", count: 1000))
            try stage.loop.runOnce(longestWait: .milliseconds(1))
        }
        try stage.run(until: { client.receive() })
        #expect(client.text.contains("Payload too long"))
    }

    @Test func silenceEndsASession() throws {
        let stage = try Stage([version])
        let silent = try stage.client(timeout: .milliseconds(30))
        let talking = try stage.client(timeout: .seconds(60))
        try stage.run(until: { silent.receive() })
        #expect(silent.text == "")
        #expect(try stage.ask(talking, "show version\n") == "1.2.3\n\n")
    }

    @Test func theTimeoutCanBeSet() throws {
        let stage = try Stage([version])
        let client = try stage.client(timeout: .seconds(60))
        _ = try stage.exchange(client, "prompt\n", until: "> ")
        #expect(
            try stage.exchange(client, "set timeout cli x\n", until: "> ") == "Invalid timeout value.\n\n> ")
        #expect(try stage.exchange(client, "set timeout cli 20ms\n", until: "> ") == "\n> ")
        try stage.run(until: { client.receive() })
    }

    @Test func listenersAcceptAndTellWhoAsks() throws {
        let address = SocketAddress.abstract(name: "admin-socket-test-\(Instant.now().nanoseconds)")
        let listener = try Socket.stream(for: address)
        try Socket.bind(listener, to: address)
        try Socket.listen(listener, backlog: 10)
        let stage = try Stage([
            AdminCommand("whoami", help: "tell who asks") { request in
                .text("\(request.session.peer?.uid == getuid() && request.session.peer?.pid == getpid())\n")
            }
        ])
        let settings = SessionSettings(style: .worker, level: .user, timeout: .seconds(10))
        try stage.server.listen(on: listener, settings: settings)
        var clients: [Client] = []
        for _ in 0..<40 {
            let socket = try Socket.stream(for: address)
            _ = try Socket.connect(socket.raw, to: address)
            clients.append(Client(socket))
            // The queue of a listener is short.
            if clients.count % 8 == 0 { try stage.run(until: { stage.server.sessionTotal == clients.count }) }
        }
        for client in clients { #expect(try stage.ask(client, "whoami\n") == "true\n\n") }
        #expect(stage.server.sessionTotal == 40)
        stage.server.stopListening()
        let late = try Socket.stream(for: address)
        #expect(throws: Errno.self) { try Socket.connect(late.raw, to: address) }
    }
}
