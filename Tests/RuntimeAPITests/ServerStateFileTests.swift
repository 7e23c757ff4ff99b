// Files of servers' states: what is printed is read again, and what is wrong is named.

import Testing

@testable import RuntimeAPI

@Suite struct ServerStateFileTests {
    private static let line = ServerStateLine(
        backendID: 3, backend: "be", serverID: 1, server: "s1", address: "127.0.0.1", operationalState: 2,
        adminState: 1, weight: 5, initialWeight: 10, sinceChange: 100, checkStatus: 6, checkResult: 3,
        checkHealth: 4, checkState: 6, backendIDIsForced: false, serverIDIsForced: true, hostName: nil,
        port: 80,
        checkPort: 0)

    @Test func whatIsPrintedIsReadAgain() throws {
        let rows = try ServerStateFile.read(ServerStateLine.heading + Self.line.line + "\n# a remark\n")
        #expect(try rows.map { try $0.get() } == [Self.line])
    }

    @Test(arguments: ["", "2\n", " 1\n", "# be_id\n1\n"])
    func anotherVersion(_ text: String) {
        #expect(throws: ServerStateFile.Fault.version) { try ServerStateFile.read(text + Self.line.line) }
    }

    @Test func aLineThatIsCut() {
        #expect(throws: ServerStateFile.Fault.corrupt(line: 4)) {
            try ServerStateFile.read(ServerStateLine.heading + Self.line.line + "3 be 1 s1 127.0.0.1\n")
        }
    }

    @Test func aValueThatIsNoneHarmsItsLineAlone() throws {
        let wrong = Self.line.line.split(separator: " ", maxSplits: 8).enumerated()
            .map { $0.offset == 7 ? "257" : String($0.element) }.joined(separator: " ")
        let rows = try ServerStateFile.read(ServerStateLine.heading + wrong + Self.line.line)
        #expect(
            rows == [
                .failure(.value(backend: "be", server: "s1", column: "srv_uweight", value: "257")),
                .success(Self.line),
            ])
    }
}
