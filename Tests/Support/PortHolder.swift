// Another process that listens where a test wants to: `sleep`, which does nothing with the socket it was given.

import Unix

package final class PortHolder {
    package let port: UInt16
    private let program: RunningProgram

    package var pid: Int32 { program.pid }

    /// `port`: 0 for one that is free.
    package init(at host: String, port: UInt16 = 0) throws {
        guard let place = SocketAddress(numeric: host, port: port) else {
            throw ProgramError("'\(host)' is no address")
        }
        let socket = try Socket.stream(for: place)
        try Socket.bind(socket, to: place)
        try Socket.listen(socket, backlog: 1)
        self.port = try Socket.localAddress(socket.raw).port ?? 0
        program = try RunningProgram(
            "/bin/sleep", ["1000"], in: ScratchFolder("holder-"), inherited: [(from: socket.raw, to: 3)])
    }
}
