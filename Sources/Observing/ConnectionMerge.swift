// Puts together what the proxy says of its streams and what the kernel says of the process's sockets. A stream names
// its descriptors, a descriptor its socket. What is left over are connections without a stream: silent ones, half-sent
// heads, and those between two requests.

import ReloadModel
import RuntimeAPI

struct ConnectionMerge {
    var lines: [SessionLine]
    /// The process's sockets by descriptor; nil where they could not be read.
    var descriptors: [Int32: UInt64]?
    var sockets: [KernelSocket]
    /// Local ports on which somebody listens: connections there are clients'.
    var listeningPorts: Set<UInt16>
    /// Sockets of the process that the kernel has in no list any more: their other side has reset them.
    var reset: Set<UInt64> = []
    /// Admin sessions' processes by stream.
    var holders: [String: ConnectedProcess] = [:]

    /// What has been put together so far.
    private(set) var connections: [WorkerConnection] = []
    private var next = 0
    private var byInode: [UInt64: KernelSocket] = [:]
    /// Without the descriptors a client is found by its address.
    private var byAddress: [String: KernelSocket] = [:]
    private var claimed: Set<UInt64> = []
    private var frontends: [UInt16: String] = [:]

    init(listeningPorts: Set<UInt16> = []) {
        (lines, sockets) = ([], [])
        self.listeningPorts = listeningPorts
    }

    /// Goes on for some hundred streams. True: all are put together.
    mutating func proceed() -> Bool {
        if next == 0 {
            connections.reserveCapacity(lines.count)
            byInode = Dictionary(sockets.map { ($0.inode, $0) }, uniquingKeysWith: { first, _ in first })
            if descriptors == nil {
                byAddress = Dictionary(
                    sockets.map { ($0.end.remote, $0) }, uniquingKeysWith: { first, _ in first })
            }
        }
        for line in lines[next..<min(lines.count, next + 300)] {
            connections.append(stream(line))
            next += 1
        }
        guard next == lines.count else { return false }
        let ports = listeningPorts.union(frontends.keys)
        for socket in sockets where !claimed.contains(socket.inode) && ports.contains(socket.localPort) {
            connections.append(
                WorkerConnection(
                    activity: lines.isEmpty && descriptors == nil ? .unknown : Self.withoutStream(socket.end),
                    client: socket.end.remote, frontend: frontends[socket.localPort],
                    listener: socket.localPort, clientSide: socket.end))
        }
        return true
    }

    private func socket(_ descriptor: Int32, _ address: String?) -> KernelSocket? {
        guard let descriptors else { return address.flatMap { byAddress[$0] } }
        return descriptors[descriptor].flatMap { byInode[$0] }
    }

    private mutating func stream(_ line: SessionLine) -> WorkerConnection {
        let client = socket(line.clientDescriptor, line.source)
        let server = line.serverDescriptor >= 0 ? socket(line.serverDescriptor, nil) : nil
        if let client { claimed.insert(client.inode) }
        if let server { claimed.insert(server.inode) }
        if let client, !line.frontend.isEmpty { frontends[client.localPort] = line.frontend }
        var connection = WorkerConnection(
            session: line.id, activity: line.isAdminSession ? .admin : Self.activity(line.activity),
            client: line.source, frontend: line.frontend.isEmpty ? nil : line.frontend,
            backend: line.backend, server: line.server, age: line.age,
            // HAProxy's `exp` is a moment at which its task wakes, not one at which the stream ends.
            expires: line.inner == nil ? line.expires : nil, clientSide: client?.end,
            serverSide: server?.end, holder: holders[line.id])
        for (deadline, left) in line.inner?.deadlines ?? [:] {
            connection.deadlines[Self.deadline(deadline)] = left
        }
        if client == nil, let inode = descriptors?[line.clientDescriptor], reset.contains(inode) {
            connection.clientSide = TCPEnd(state: .closed, remote: line.source)
        }
        if connection.activity == .peers, connection.client.isEmpty {
            connection.client = server?.end.remote ?? "another proxy"
        }
        return connection
    }

    private static func activity(_ activity: SessionLine.Activity) -> WorkerConnection.Activity {
        switch activity {
        case .request: .request
        case .tarpit: .tarpit
        case .queue: .queue
        case .connect: .connect
        case .waiting: .waiting
        case .response: .response
        case .tunnel: .tunnel
        case .reply: .reply
        case .peers: .peers
        case .unknown: .unknown
        }
    }

    private static func deadline(_ deadline: SessionLine.Deadline) -> WorkerConnection.Deadline {
        switch deadline {
        case .clientRead: .clientRead
        case .clientWrite: .clientWrite
        case .serverRead: .serverRead
        case .serverWrite: .serverWrite
        case .request: .request
        case .response: .response
        case .connect: .connect
        }
    }

    private static func withoutStream(_ end: TCPEnd) -> WorkerConnection.Activity {
        if end.received == 0 { return .silent }
        if end.acknowledged == 0 { return .head }
        // Whoever spoke last: after an answer the client is idle, before one it has begun to send.
        if let received = end.sinceReceived, let sent = end.sinceSent, received < sent { return .head }
        return .idle
    }
}
