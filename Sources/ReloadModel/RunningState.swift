// What was set in a running worker by hand and lives in no file: a reload undoes it. The old worker still tells what
// it had, the new one what it has.

/// The state of one worker that commands can change.
package struct RunningState: Equatable, Sendable {
    package struct Server: Equatable, Sendable {
        /// `srv_admin_state`: 1 maintenance by hand, 4 by the file, 8 drained by hand.
        package var adminState: Int
        /// The weight that counts, and the one of the file.
        package var weight: Int
        package var initialWeight: Int
        /// `address:port`
        package var address: String

        package init(adminState: Int, weight: Int, initialWeight: Int, address: String) {
            self.adminState = adminState
            self.weight = weight
            self.initialWeight = initialWeight
            self.address = address
        }
    }
    /// By `backend/server`.
    package var servers: [String: Server]
    /// Entries of stick tables by name, and of maps by file.
    package var tables: [String: Int]
    package var maps: [String: Int]

    package init(servers: [String: Server] = [:], tables: [String: Int] = [:], maps: [String: Int] = [:]) {
        self.servers = servers
        self.tables = tables
        self.maps = maps
    }

    /// What had been set by hand in the old worker and is not in the new one: a sentence each.
    package func undone(in new: RunningState) -> [String] {
        var found: [String] = []
        for (name, old) in servers.sorted(by: { $0.key < $1.key }) {
            guard let now = new.servers[name] else { continue }
            let up = now.adminState == 0 ? "is UP again" : "is in \(Self.words(now.adminState)) now"
            if old.adminState & 1 != 0, now.adminState & 1 == 0 {
                found.append("server \(name) was set to maintenance by hand, \(up)")
            } else if old.adminState & 8 != 0, now.adminState & 8 == 0 {
                found.append("server \(name) was drained by hand, \(up)")
            } else if old.adminState & 4 != 0, now.adminState & 4 != 0 {
                continue
            } else if old.adminState == 0, now.adminState & 4 != 0 {
                found.append("server \(name) was enabled, is in maintenance by the file")
            }
            if old.weight != old.initialWeight, now.weight != old.weight, old.adminState == now.adminState {
                found.append(
                    "weight of server \(name) was \(old.weight) by hand, is \(now.weight) again")
            }
            if old.address != now.address {
                found.append(
                    "server \(name) was at \(old.address), is at \(now.address): set by hand, or another file"
                )
            }
        }
        for (name, entries) in maps.sorted(by: { $0.key < $1.key }) {
            if let now = new.maps[name], now != entries {
                found.append(
                    "map \(name) had \(Self.entries(entries)), has \(now): changed by hand, or another file")
            }
        }
        return found
    }

    /// Tables whose entries did not come over. `share`: fewer than this part of them is a loss.
    package func lostTables(in new: RunningState, share: Double = 0.5) -> [String] {
        tables.sorted { $0.key < $1.key }.compactMap { name, entries in
            guard entries > 0, let now = new.tables[name], Double(now) < Double(entries) * share else {
                return nil
            }
            return "table \(name) had \(Self.entries(entries)), has \(now)"
        }
    }

    private static func words(_ adminState: Int) -> String {
        adminState & 5 != 0 ? "maintenance" : "drain"
    }

    private static func entries(_ count: Int) -> String { count == 1 ? "1 entry" : "\(count) entries" }
}
