import ReloadModel
import Testing

@Suite struct MasterSuccessionTests {
    @Test func aMasterTakesThePlaceOfOneThatEnded() {
        func master(_ pid: Int32, _ line: String, socket: String?, started: Int64?) -> RunningMaster {
            RunningMaster(
                pid: pid, program: .haproxy, commandLine: line,
                masterSocket: socket.map { .known($0) } ?? .unknown(Unknown("none")), started: started)
        }
        let gone = master(1, "haproxy -W -f a.cfg", socket: "/run/a", started: 0)
        let seen: Int64 = 100_000_000
        #expect(master(2, "haproxy", socket: "/run/a", started: 5).takesPlace(of: gone, lastSeen: seen))
        // One of the same words that ran beside it is another service, as in containers.
        let words = "haproxy -W -f a.cfg"
        #expect(!master(2, words, socket: nil, started: 50_000_000).takesPlace(of: gone, lastSeen: seen))
        #expect(master(2, words, socket: nil, started: seen + 1).takesPlace(of: gone, lastSeen: seen))
        #expect(master(2, words, socket: nil, started: nil).takesPlace(of: gone, lastSeen: seen))
        #expect(
            !master(2, "haproxy -W -f b.cfg", socket: nil, started: nil).takesPlace(of: gone, lastSeen: seen))
    }
}
