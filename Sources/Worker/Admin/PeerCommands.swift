// `show peers`, in HAProxy's form.

import AdminSocket
import Glibc
import Peering
import PeersProtocol
import Polling
import Proxying
import RuntimeAPI
import StickTables
import Unix

struct PeerCommands {
    let core: ProxyCore
    let peering: Peering?

    var table: [AdminCommand] {
        [
            AdminCommand(
                "show peers [dict|-] [section]", help: "tell the peers and what they share", level: .operator
            ) { show($0.arguments) }
        ]
    }

    private func show(_ arguments: ArraySlice<String>) -> AdminReply {
        var words = arguments
        let showsNames = words.first == "dict"
        if showsNames || words.first == "-" { words.removeFirst() }
        // HAProxy names the last section first.
        let sections = peering?.sections.reversed() ?? []
        guard let name = words.first else {
            return .text(sections.map { text($0, showsNames: showsNames) }.joined(separator: "\n"))
        }
        guard let section = sections.first(where: { $0.name == name }) else {
            return .text("No such peers\n")
        }
        return .text(text(section, showsNames: showsNames))
    }

    private var now: Tick { core.tableTick }

    private func text(_ section: RunningSection, showsNames: Bool) -> String {
        let left = section.resync.isFinished ? "<PAST>" : Self.span(section.resync.deadline, from: now)
        var text =
            "\(Self.address(section)): [\(Self.date(section.startedAt))] id=\(section.name) disabled=0 "
            + "flags=\(Self.hex(flags(section.resync))) resync_timeout=\(left) task_calls=0\n"
        for peer in section.peers.reversed() { text += self.text(peer, section, showsNames: showsNames) }
        return text
    }

    /// HAProxy's bits: from whom everything came, or who was waited for in vain.
    private func flags(_ resync: Resync) -> UInt {
        let partial: UInt = resync.wasPartial ? 0x800 : 0
        switch (resync.stage, resync.outcome) {
        case (.wanted, _): return 0x11 | partial
        case (.asked, _): return 0x201d | partial
        case (.finished, .fromPredecessor): return 0x1103
        case (.finished, .fromPeer): return 0x2213 | partial
        case (.finished, .timedOut), (.finished, .none): return 0x33 | partial
        }
    }

    private func text(_ peer: RunningPeer, _ section: RunningSection, showsNames: Bool) -> String {
        let session = peer.session
        let isActive = session != nil
        let handshake = peer.greetedAt.map { Self.span(now, from: $0) } ?? "<NEVER>"
        let heartbeat = isActive ? Self.span(peer.deadline, from: now) : "<NEVER>"
        var text =
            "  \(Self.address(peer)): id=\(peer.name)(\(peer.isLocal ? "local" : "remote"),"
            + "\(isActive ? "active" : "inactive")) addr=\(peer.address?.description ?? "-") "
            + "last_status=\(peer.status) last_hdshk=\(handshake)\n"
            + "        reconnect=\(Self.span(peer.callAt, from: now)) heartbeat=\(heartbeat) confirm=0 "
            + "tx_hbt=\(peer.beatsSaid) rx_hbt=\(peer.beatsHeard) no_hbt=\(peer.silences) "
            + "new_conn=\(peer.calls) proto_err=\(peer.faults) coll=\(peer.collisions)\n"
            + "        flags=\(Self.hex(isActive ? 0x2000_0000 : 0))"
        if isActive {
            text += " appctx:\(Self.address(peer)) st0=7 st1=0 task_calls=0 state=EST"
            if let (source, destination) = peer.endpoints {
                text += "\n        xprt=RAW src=\(source) addr=\(destination)"
            }
        }
        text += "\n"
        if let session {
            for (title, place) in [
                ("remote_table", session.tableHeardOf), ("last_local_table", session.tableSpokenOf),
            ] {
                guard let place else { continue }
                text +=
                    "        \(title):\(Self.address(section.tables[place].table)) "
                    + "id=\(section.tables[place].table.name) local_id=\(place + 1) "
                    + "remote_id=\(session.flows[place].remoteNumber)\n"
            }
        }
        text += "        shared tables:\n"
        for place in section.tables.indices.reversed() {
            let table = section.tables[place].table
            let flow = session?.flows[place]
            text +=
                "          \(Self.address(table)) local_id=\(place + 1) remote_id=\(flow?.remoteNumber ?? 0) "
                + "flags=0x0 remote_data=\(Self.hex(UInt(flow?.remoteData ?? 0)))\n"
                + "              last_acked=\(flow?.lastAcknowledged ?? 0) last_pushed=\(flow?.lastTold ?? 0) "
                + "last_get=\(flow?.lastGot ?? 0) teaching_origin=0 update=\(flow?.lastConfirmed ?? 0)\n"
                + "              table:\(Self.address(table)) id=\(table.name) update=\(table.lastUpdate) "
                + "localupdate=\(table.lastUpdate) commitupdate=\(flow?.lastTold ?? 0) refcnt=1\n"
            text +=
                showsNames
                ? names(of: session) : "        Dictionary cache not dumped (use \"show peers dict\")\n"
        }
        return text
    }

    /// Four names a line; of those that were sent only the ones that are in use.
    private func names(of session: PeerSession?) -> String {
        let said = session?.namesSaid.enumerated().filter { $0.element != nil } ?? []
        let heard = session?.namesHeard ?? Array(repeating: nil, count: PeerSession.mostNames)
        return "        TX dictionary cache:" + Self.rows(said.map { ($0.offset, $0.element) })
            + "\n        RX dictionary cache:" + Self.rows(heard.enumerated().map { ($0.offset, $0.element) })
            + "\n"
    }

    private static func rows(_ names: [(number: Int, name: String?)]) -> String {
        var text = ""
        for (place, name) in names.enumerated() {
            if place % 4 == 0 { text += "\n        " }
            let number = String(name.number)
            text += "  " + String(repeating: " ", count: max(0, 3 - number.count)) + number
            text += " -> " + (name.name ?? "-")
        }
        return text
    }

    private static func hex(_ number: UInt) -> String { "0x" + String(number, radix: 16) }

    private static func address(_ object: AnyObject) -> String {
        hex(UInt(bitPattern: Unmanaged.passUnretained(object).toOpaque()))
    }

    /// `9s`, `1m05s`, `<PAST>`; `<NEVER>` where nothing is due.
    private static func span(_ moment: Tick?, from start: Tick) -> String {
        guard let moment else { return "<NEVER>" }
        let seconds = (moment.milliseconds - start.milliseconds) / 1000
        if moment < start { return "<PAST>" }
        if seconds < 60 { return "\(seconds)s" }
        return seconds < 3600 ? "\(seconds / 60)m\(seconds % 60)s" : "\(seconds / 3600)h\(seconds / 60 % 60)m"
    }

    private static func date(_ moment: WallClock) -> String {
        var time = time_t(moment.microseconds / 1_000_000)
        var parts = tm()
        localtime_r(&time, &parts)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return
            "\(two(parts.tm_mday))/\(months[Int(parts.tm_mon)])/\(parts.tm_year + 1900):\(two(parts.tm_hour)):"
            + "\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }
}
