// The loader on real files, folders, users and sockets.

import Demo
import Glibc
import TestSupport
import Testing
import Unix
import Worker

@testable import ConfigLanguage

@Suite struct LoaderTests {
    @Test func filesOfAFolderAreReadInOrder() throws {
        let folder = try ScratchFolder()
        for (name, backend) in [("b.cfg", "two"), ("a.cfg", "one"), ("c.cfg", "three")] {
            _ = try folder.write(name, "backend \(backend)\n")
        }
        _ = try folder.write("d.txt", "nonsense\n")
        _ = try folder.write(".e.cfg", "nonsense\n")
        mkdir("\(folder.path)/f.cfg", 0o755)
        let configuration = ConfigurationLoader(paths: [folder.path]).load().configuration
        #expect(configuration?.proxies.map(\.name) == ["one", "two", "three"])
        #expect(configuration?.proxies.first?.position.file == "\(folder.path)/a.cfg")
    }

    @Test func missingFilesAreNamed() {
        let result = ConfigurationLoader(paths: ["/nonexistent.cfg", "/nonexistent2.cfg"]).load()
        #expect(result.configuration == nil)
        #expect(
            result.messages == [
                "Cannot open configuration file/directory /nonexistent.cfg : No such file or directory",
                "Cannot open configuration file/directory /nonexistent2.cfg : No such file or directory",
            ])
    }

    @Test func aFolderWithoutFilesIsNoConfiguration() throws {
        let folder = try ScratchFolder()
        let result = ConfigurationLoader(paths: [folder.path]).load()
        #expect(result.messages == ["No configuration file: no *.cfg in \(folder.path)"])
    }

    @Test func theMachineAnswers() throws {
        let folder = try ScratchFolder()
        let page = try folder.write("page", "HTTP/1.0 503 Gone\r\nX: y\r\n\r\n")
        let file = try folder.write(
            "x.cfg",
            """
            global
             user root
             description "$HAPROXY_LOCALPEER $GREETING"
            backend b
             errorfile 503 \(page)
             server s localhost:80

            """)
        let loader = ConfigurationLoader(paths: [file], localPeer: "me", environment: ["GREETING": "hello"])
        let result = loader.load()
        let configuration = try #require(result.configuration, "\(result.messages)")
        #expect(configuration.global.uid == 0)
        #expect(configuration.global.nodeDescription == "me hello")
        #expect(configuration.global.environment["HAPROXY_CFGFILES"] == file)
        guard case .tcp(let host?, _, _) = configuration.proxies[0].servers[0].endpoint else {
            Issue.record("no address")
            return
        }
        #expect(["127.0.0.1", "::1"].contains(host))
    }

    @Test func portsThatSomebodyHoldsAreWarnedOf() throws {
        let held = try Socket.stream(for: .ipv4(0x7f00_0001, port: 0))
        try Socket.bind(held, to: .ipv4(0x7f00_0001, port: 0))
        try Socket.listen(held, backlog: 1)
        let port = try #require(try Socket.localAddress(held.raw).port)
        let text = "frontend f\n bind 127.0.0.1:\(port)\n bind /nonexistent/x.sock\n"
        let configuration = try #require(World.parse(text).configuration)
        let warnings = ConfigurationLoader(paths: []).examineAddresses(of: configuration)
        #expect(warnings.count == 2)
        #expect(
            warnings[0].message.hasPrefix(
                "parsing [t.cfg:2] : 'bind' of frontend 'f' : 127.0.0.1:\(port) is in use by "))
        #expect(warnings[0].message.hasSuffix("(pid \(getpid()))."), "\(warnings[0].message)")
        #expect(
            warnings[1].message.hasSuffix("there is no directory '/nonexistent/' for '/nonexistent/x.sock'."))
        #expect(warnings.allSatisfy { $0.severity == .warning })
    }

    /// This process has the port too, on an address that nobody else wants.
    @Test func onlyTheHolderOfTheAddressIsNamed() throws {
        let (port, another) = (try FreePort.find(), try FreePort.find())
        let held = try Socket.stream(for: .ipv4(0x7f00_0001, port: port))
        try Socket.bind(held, to: .ipv4(0x7f00_0001, port: port))
        try Socket.listen(held, backlog: 1)
        let squatter = try PortHolder(at: "127.0.0.2", port: port)
        func holders(_ bind: String) throws -> [Int32] {
            let configuration = try #require(World.parse("frontend f\n bind \(bind)\n").configuration)
            return ConfigurationLoader(paths: []).examineAddresses(of: configuration).compactMap { warning in
                warning.message.split(separator: "(pid ").last.flatMap { Int32($0.prefix { $0 != ")" }) }
            }
        }
        #expect(try holders("127.0.0.1:\(port)") == [getpid()])
        #expect(try holders("127.0.0.2:\(port)") == [squatter.pid])
        #expect(try holders("[::ffff:127.0.0.2]:\(port)") == [squatter.pid])
        #expect(try holders("127.0.0.3:\(port)").isEmpty)
        #expect(try holders("[::]:\(port) v6only").isEmpty)
        #expect(try holders("*:\(port)").count == 1)
        let six = try PortHolder(at: "::", port: another)
        #expect(try holders("127.0.0.3:\(another)") == [six.pid])
        #expect(try holders("[::1]:\(another)") == [six.pid])
    }

    @Test func freePortsAreLeftAsTheyWere() throws {
        let probe = try Socket.stream(for: .ipv4(0x7f00_0001, port: 0))
        try Socket.bind(probe, to: .ipv4(0x7f00_0001, port: 0))
        let port = try #require(try Socket.localAddress(probe.raw).port)
        _ = consume probe
        let configuration = try #require(World.parse("frontend f\n bind 127.0.0.1:\(port)\n").configuration)
        #expect(ConfigurationLoader(paths: []).examineAddresses(of: configuration).isEmpty)
        let again = try Socket.stream(for: .ipv4(0x7f00_0001, port: port))
        try Socket.bind(again, to: .ipv4(0x7f00_0001, port: port))
    }
}
