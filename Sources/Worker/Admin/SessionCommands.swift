// `show sess`, `shutdown session` and `shutdown sessions server`.

import AdminSocket
import Proxying
import RuntimeAPI
import Unix

struct SessionCommands {
    let core: ProxyCore
    let adminServer: SessionsOfServer

    var table: [AdminCommand] {
        [
            AdminCommand("show sess [id]", help: "list the sessions, or one in detail", level: .operator) {
                show($0)
            },
            AdminCommand("shutdown session [id]", help: "end a session", level: .admin) { request in
                guard let word = request.arguments.first else {
                    return .text("Session pointer expected (use 'show sess').\n")
                }
                guard let id = Self.id(word), core.shutdownSession(id) else {
                    return .text(Refusal.noSession)
                }
                return .nothing
            },
            AdminCommand(
                "shutdown sessions server <bk>/<srv>", help: "end all sessions of a server", level: .admin
            ) { request in
                switch core.server(named: request.arguments.first ?? "") {
                case .failure(let refusal): return .text(refusal.text)
                case .success(let server):
                    core.shutdownSessions(of: server)
                    return .nothing
                }
            },
        ]
    }

    private static func id(_ word: String) -> UInt64? {
        word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : UInt64(word, radix: 16)
    }

    private func show(_ request: AdminRequest) -> AdminReply {
        let now = core.loop.now
        guard let word = request.arguments.first else {
            return pieces(of: core.streams(), { Self.line(of: $0, now: now).line }) {
                Self.line(of: $0, now: now).line
            }
        }
        if word == "all" {
            return pieces(of: core.streams(), { Self.details(of: $0, now: now) }) {
                Self.line(of: $0, now: now).line
            }
        }
        guard let id = Self.id(word), let stream = core.streams().first(where: { $0.id == id }) else {
            return .text(Refusal.sessionNotFound)
        }
        return .text(Self.details(of: stream, now: now))
    }

    /// Writes the streams and then the admin sessions, about 16 KiB at a time.
    private func pieces(
        of streams: [StreamSummary], _ write: @escaping (StreamSummary) -> String,
        _ writeAdmin: @escaping (AdminSession) -> String
    ) -> AdminReply {
        var streams = streams[...]
        var admins = adminServer.all[...]
        return .pieces {
            var text = ""
            while text.utf8.count < AdminReply.portion {
                if let stream = streams.popFirst() {
                    text += write(stream)
                } else if let session = admins.popFirst() {
                    text += writeAdmin(session)
                } else {
                    break
                }
            }
            return text.isEmpty ? nil : Array(text.utf8)
        }
    }

    private static func line(of stream: StreamSummary, now: Instant) -> SessionLine {
        SessionLine(
            id: "0x" + String(stream.id, radix: 16), transport: stream.transport, source: stream.source,
            frontend: stream.frontend, backend: stream.backend, server: stream.server,
            age: seconds(now - stream.began), expires: expiry(of: stream, now: now),
            retries: stream.retriesLeft, clientDescriptor: stream.clientDescriptor,
            serverDescriptor: stream.serverDescriptor, phase: stream.phase)
    }

    private static func line(of session: AdminSession, now: Instant) -> SessionLine {
        SessionLine(
            id: "0x" + String(session.number, radix: 16), transport: "unix_stream",
            source: session.peer.map { "unix:pid=\($0.pid)" } ?? "unix", frontend: "GLOBAL",
            age: seconds(now - session.openedAt), clientDescriptor: session.watched, phase: "admin")
    }

    /// `show sess <id>`: HAProxy's lines where mwproxy has what they tell.
    private static func details(of stream: StreamSummary, now: Instant) -> String {
        let mode = stream.isHTTP ? "http" : "tcp"
        let started = CivilTime.logText(ofMicroseconds: stream.beganAt.localMicroseconds)
        let id = "0x" + String(stream.id, radix: 16)
        let expires = expiry(of: stream, now: now).map(SessionLine.span(ofSeconds:)) ?? "<NEVER>"
        let backend = stream.backend.map { "\($0) (id=\(stream.backendID ?? -1) mode=\(mode))" }
        let address = stream.serverAddress.map { " addr=\($0)" } ?? ""
        let server = stream.server.map { "\($0) (id=\(stream.serverID ?? -1))\(address)" }
        return """
            \(id): [\(started)] id=\(stream.id) proto=\(stream.transport) source=\(stream.source)
              flags=0x0, conn_retries=\(stream.retriesLeft), waiting=\(stream.isQueued ? 1 : 0)
              frontend=\(stream.frontend) (id=\(stream.frontendID) mode=\(mode)), listener=? (id=\(stream.listenerID))
              backend=\(backend ?? "<NONE> (id=-1 mode=-)")
              server=\(server ?? "<NONE> (id=-1)")
              task=\(id) (exp=\(expires) age=\(SessionLine.span(ofSeconds: seconds(now - stream.began))) phase=\(stream.phase))
              scf fd=\(stream.clientDescriptor)
              scb fd=\(stream.serverDescriptor)
              req total=\(stream.bytesIn)
              res total=\(stream.bytesOut)

            """
    }

    private static func expiry(of stream: StreamSummary, now: Instant) -> Int? {
        stream.expires == .never ? nil : seconds(stream.expires - now)
    }

    private static func seconds(_ span: Duration) -> Int { max(0, Int(span.nanoseconds / 1_000_000_000)) }
}
