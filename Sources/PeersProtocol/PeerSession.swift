// One conversation after the greeting, as a state machine: bytes come in and change tables, what is to be said goes
// out in pieces of bounded size. Whoever owns it moves the bytes and keeps the time.

import StickTables

/// What a session tells its owner.
package enum PeerEvent: Equatable, Sendable {
    /// The peer wants all entries.
    case lessonRequested
    /// The lesson that was asked for is over; `isPartial`: the peer has not learned everything itself.
    case lessonEnded(isPartial: Bool)
    /// The peer has taken the lesson it asked for.
    case lessonConfirmed
    /// A table of the peer's has keys that do not go into ours of that name.
    case mismatch(table: String, reason: String)
}

/// A conversation with one peer.
package struct PeerSession {
    /// How this session's lessons and news go.
    package struct Manners: Sendable {
        /// News include what came from other peers: the listener knows none of them.
        package var tellsLearned = false
        /// What is learned here after the lesson is told to other peers as news, and lowers no counter.
        package var learnsAsNews = false
        /// This side tells nothing itself.
        package var onlyLearns = false
        /// The peer understands how long an entry has left, and names of servers.
        package var knowsTimes = true

        package init(
            tellsLearned: Bool = false, learnsAsNews: Bool = false, onlyLearns: Bool = false,
            knowsTimes: Bool = true
        ) {
            self.tellsLearned = tellsLearned
            self.learnsAsNews = learnsAsNews
            self.onlyLearns = onlyLearns
            self.knowsTimes = knowsTimes
        }
    }

    /// What both sides know of one table.
    package struct Flow: Sendable {
        /// As the peer has defined it; nil: not yet.
        var remote: RemoteDefinition?
        var fits = false
        var columns: [TableColumn] = []
        let types: [StickTableDefinition.Stored]
        /// Its entries have an end.
        var tellsTime: Bool { remote?.expire != 0 }
        /// The number that the peer gave its table.
        package var remoteNumber: UInt64 { remote?.number ?? 0 }
        package var remoteData: UInt64 { remote?.data ?? 0 }
        /// The last change of the peer's that was taken, and acknowledged.
        package fileprivate(set) var lastGot: UInt32 = 0
        package fileprivate(set) var lastAcknowledged: UInt32 = 0
        /// The last change that was told, and that the peer has acknowledged.
        package fileprivate(set) var lastTold: UInt32
        package fileprivate(set) var lastConfirmed: UInt32 = 0
        /// Entries that were learned here since the session began.
        package fileprivate(set) var learned = 0
        /// Entries that were told since the session began.
        package fileprivate(set) var told = 0
    }

    /// How far the teaching of all entries has come.
    package enum Lesson: Equatable, Sendable {
        case none
        /// Under way, at this table.
        case table(Int)
        /// All was said; the peer has not confirmed it.
        case said
        case confirmed
    }

    /// Names of servers that each side may have told at a time.
    package static let mostNames = SentNames.most

    package let tables: [SharedTable]
    package let manners: Manners
    package private(set) var flows: [Flow]
    /// The lesson that is given here.
    package private(set) var lesson = Lesson.none
    /// A lesson was asked for and is not over.
    package private(set) var isLearning = false
    package private(set) var beatsHeard = 0
    private var asksForLesson = false
    private var confirmations = 0
    private var beats = false
    /// The tables that were named last, by each side.
    private var spoken: Int?
    private var heard: Int?
    /// The last number that was said of the table in question; the next may be left out if it follows.
    private var lastNumberSaid: UInt32?
    private var lastNumberHeard: UInt32 = 0
    private var reader = MessageReader()
    private var sentNames = SentNames()
    private var receivedNames = ReceivedNames()
    private var content: [UInt8] = []
    private var values: [(DataType, StoredValue)] = []

    /// `isPartial` of lessons given here is asked of the owner at their end. `confirmed`: how far the peer had
    /// acknowledged each table in the session before; what it knows is not told again, it may have changed it since.
    package init(tables: [SharedTable], manners: Manners = Manners(), confirmed: [UInt32] = []) {
        self.tables = tables
        self.manners = manners
        // What changed before this session began is told in a lesson, if the peer asks for one, or as news.
        flows = tables.enumerated().map { place, table in
            let known = place < confirmed.count ? confirmed[place] : 0
            return Flow(
                types: table.toldTypes, lastTold: known == 0 ? table.table.updatesStart : known,
                lastConfirmed: known)
        }
    }

    /// Names of servers by their numbers, as each side has told them; nil: not in use.
    package var namesSaid: [String?] { sentNames.all }
    package var namesHeard: [String?] { receivedNames.all }

    /// The tables that each side speaks of now, as places in `tables`.
    package var tableSpokenOf: Int? { spoken }
    package var tableHeardOf: Int? { heard }

    // MARK: The owner's wishes

    /// Asks the peer for all its entries.
    package mutating func askForLesson() {
        asksForLesson = true
        isLearning = true
    }

    /// The peer will teach without being asked.
    package mutating func expectLesson() {
        isLearning = true
    }

    /// What there is so far was told in another way: only what changes from now on is news.
    package mutating func beginWithNews() {
        for index in flows.indices { flows[index].lastTold = tables[index].table.lastUpdate }
    }

    /// No lesson is expected any more: its time is over.
    package mutating func stopLearning() {
        isLearning = false
    }

    /// Teaches everything without being asked.
    package mutating func beginLesson() {
        for index in flows.indices { flows[index].lastTold = tables[index].table.updatesStart }
        lesson = .table(0)
        lastNumberSaid = nil
    }

    /// Says that this side lives.
    package mutating func beat() {
        beats = true
    }

    /// Whether everything that there is was told.
    package var hasToldAll: Bool {
        if case .table = lesson { return false }
        return zip(flows, tables).allSatisfy { $0.lastTold == $1.table.lastUpdate }
    }

    // MARK: Speaking

    /// Appends what is to be said now, until `bytes` has `limit` or somewhat more. True: there is more to say.
    package mutating func speak(
        into bytes: inout [UInt8], limit: Int, now: Tick, isUpToDate: Bool = true
    ) -> Bool {
        if asksForLesson {
            asksForLesson = false
            bytes += ControlMessage.resyncRequest.bytes
        }
        acknowledge(into: &bytes)
        while case .table(let index) = lesson {
            guard index < tables.count else {
                let end = isUpToDate ? ControlMessage.resyncFinished : .resyncPartial
                bytes += end.bytes
                lesson = .said
                break
            }
            guard tell(index, isLesson: true, into: &bytes, limit: limit, now: now) else { return true }
            lesson = .table(index + 1)
        }
        while confirmations > 0 {
            confirmations -= 1
            bytes += ControlMessage.resyncConfirm.bytes
        }
        if beats {
            beats = false
            bytes += ControlMessage.heartbeat.bytes
        }
        if isLearning || manners.onlyLearns { return false }
        for index in tables.indices where flows[index].lastTold != tables[index].table.lastUpdate {
            guard tell(index, isLesson: false, into: &bytes, limit: limit, now: now) else { return true }
        }
        return false
    }

    private mutating func acknowledge(into bytes: inout [UInt8]) {
        for index in flows.indices where flows[index].lastGot != flows[index].lastAcknowledged {
            guard let remote = flows[index].remote else { continue }
            flows[index].lastAcknowledged = flows[index].lastGot
            content.removeAll(keepingCapacity: true)
            PeerInteger.append(remote.number, to: &content)
            SharedTable.append(word: flows[index].lastGot, to: &content)
            Self.append(.acknowledgement, content, to: &bytes)
        }
    }

    private static func append(_ type: TableMessage, _ content: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(MessageClass.stickTable)
        bytes.append(type.rawValue)
        PeerInteger.append(UInt64(content.count), to: &bytes)
        bytes.append(contentsOf: content)
    }

    /// Tells a table's changes since the last one that was told. False: there is no room for all.
    private mutating func tell(
        _ index: Int, isLesson: Bool, into bytes: inout [UInt8], limit: Int, now: Tick
    ) -> Bool {
        let shared = tables[index]
        let table = shared.table
        var flow = flows[index]
        var names = sentNames
        var content = content
        var last = spoken == index ? lastNumberSaid : nil
        var isDefined = spoken == index
        sentNames = SentNames()
        self.content = []
        var isFull = false
        let hasTime = isLesson && manners.knowsTimes
        table.forEachChange(after: flow.lastTold, includingLearned: isLesson || manners.tellsLearned) {
            id, entry in
            guard bytes.count < limit else {
                isFull = true
                return false
            }
            if !isDefined {
                isDefined = true
                shared.appendDefinition(number: index + 1, to: &bytes)
            }
            content.removeAll(keepingCapacity: true)
            let follows = last == id &- 1
            if !follows { SharedTable.append(word: id, to: &content) }
            if hasTime { SharedTable.append(word: table.remaining(entry, now: now), to: &content) }
            shared.append(entry, types: flow.types, names: &names, now: now, to: &content)
            let type: TableMessage =
                hasTime
                ? (follows ? .timedIncrementalUpdate : .timedUpdate)
                : (follows ? .incrementalUpdate : .update)
            Self.append(type, content, to: &bytes)
            last = id
            flow.lastTold = id
            flow.told += 1
            return true
        }
        if !isFull { flow.lastTold = table.lastUpdate }
        if isDefined {
            spoken = index
            lastNumberSaid = last
        }
        flows[index] = flow
        sentNames = names
        self.content = content
        return !isFull
    }

    // MARK: Listening

    /// Takes bytes of the peer; a fault ends the session.
    package mutating func receive(
        _ bytes: UnsafeRawBufferPointer, now: Tick
    ) throws(PeerFault) -> [PeerEvent] {
        var events: [PeerEvent] = []
        var reader = reader
        self.reader = MessageReader()
        try reader.feed(bytes) { group, type, content throws(PeerFault) in
            switch group {
            case MessageClass.control: control(type, &events)
            case MessageClass.error: throw .refusedByPeer(code: type)
            default: try table(type, content, now, &events)
            }
        }
        self.reader = reader
        return events
    }

    private mutating func control(_ type: UInt8, _ events: inout [PeerEvent]) {
        switch ControlMessage(rawValue: type) {
        case .resyncRequest:
            beginLesson()
            events.append(.lessonRequested)
        case .resyncFinished, .resyncPartial:
            confirmations += 1
            guard isLearning else { return }
            isLearning = false
            events.append(.lessonEnded(isPartial: type == ControlMessage.resyncPartial.rawValue))
        case .resyncConfirm:
            guard lesson == .said else { return }
            lesson = .confirmed
            events.append(.lessonConfirmed)
        case .heartbeat: beatsHeard += 1
        case nil: break
        }
    }

    private mutating func table(
        _ type: UInt8, _ bytes: UnsafeRawBufferPointer, _ now: Tick, _ events: inout [PeerEvent]
    ) throws(PeerFault) {
        guard let kind = TableMessage(rawValue: type) else { return }
        var content = ContentReader(message: type, bytes)
        switch kind {
        case .definition:
            let remote = try RemoteDefinition(&content)
            heard = tables.firstIndex { $0.name == remote.name }
            lastNumberHeard = 0
            guard let heard, flows[heard].remote != remote else { return }
            let reason = remote.mismatch(with: tables[heard].table)
            flows[heard].remote = remote
            flows[heard].fits = reason == nil
            flows[heard].columns = tables[heard].columns(of: remote)
            if let reason { events.append(.mismatch(table: remote.name, reason: reason)) }
        case .switch:
            let number = try content.integer("the number of a table")
            heard = flows.firstIndex { $0.remote?.number == number }
            lastNumberHeard = 0
        case .acknowledgement:
            let number = try content.integer("the number of a table")
            let id = try content.word("the number of a change")
            guard number >= 1, number <= UInt64(tables.count) else { return }
            flows[Int(number) - 1].lastConfirmed = id
        case .update, .incrementalUpdate, .timedUpdate, .timedIncrementalUpdate:
            try update(kind, &content, now)
        }
    }

    private mutating func update(
        _ kind: TableMessage, _ content: inout ContentReader, _ now: Tick
    ) throws(PeerFault) {
        // A table that we do not have, or whose keys are others.
        guard let heard, flows[heard].fits else { return }
        let shared = tables[heard]
        let id = kind.hasNumber ? try content.word("the number of a change") : lastNumberHeard &+ 1
        lastNumberHeard = id
        var remaining: UInt32?
        if kind.hasTime {
            let left = try content.word("the time that is left")
            if flows[heard].tellsTime { remaining = left }
        }
        let key = try shared.key(&content)
        values.removeAll(keepingCapacity: true)
        try SharedTable.readValues(
            of: flows[heard].columns, &content, names: &receivedNames, now: now, into: &values)
        shared.table.learn(
            key, values: values, remaining: remaining, asNews: manners.learnsAsNews && !isLearning, now: now)
        flows[heard].lastGot = id
        flows[heard].learned += 1
    }
}
