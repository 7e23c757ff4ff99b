// The one table of keys. The help, the key bar and what a key does are all made from it, so none of them can be
// wrong about the others. A view's own key is a line here with `views:`, an `Action`, and a case in its `press`.

import TextUI

/// A line of the table: keys that belong together.
struct Binding: Sendable {
    /// Where it applies.
    enum Scope: Sendable {
        /// Whatever is shown, also while a text is typed.
        case always
        /// Wherever there is no text to type.
        case anywhere
        /// In these views.
        case views(Set<ViewKind>)
        /// While the list of masters is open.
        case choosing
    }
    /// What the key bar says of it.
    struct Hint: Sendable {
        var name: String
        var words: String
        /// The least is dropped last.
        var rank: Int
    }

    /// As the help shows it: `PgUp PgDn`.
    let name: String
    let keys: [(Key, Action)]
    let scope: Scope
    /// For the help: at most 26 columns.
    let long: String
    /// For the key bar; nil where it has no place in it.
    let hint: @Sendable (State) -> Hint?
    /// It does something now.
    let applies: @Sendable (State) -> Bool

    init(
        _ name: String, _ keys: [(Key, Action)], _ scope: Scope, _ long: String,
        applies: @escaping @Sendable (State) -> Bool = { _ in true },
        hint: @escaping @Sendable (State) -> Hint? = { _ in nil }
    ) {
        self.name = name
        self.keys = keys
        self.scope = scope
        self.long = long
        self.hint = hint
        self.applies = applies
    }

    /// One key with constant words in the key bar.
    init(
        _ name: String, _ key: Key, _ action: Action, _ scope: Scope, _ long: String, short: String,
        rank: Int,
        applies: @escaping @Sendable (State) -> Bool = { _ in true }
    ) {
        self.init(name, [(key, action)], scope, long, applies: applies) { _ in
            Hint(name: name, words: short, rank: rank)
        }
    }
}

enum KeyTable {
    /// In the order of the help and of the key bar. Of several lines for a key the first that applies wins.
    static let all: [Binding] = everywhere + moving + choosing + working + leaving

    private static let everyView = Binding.Scope.views(Set(ViewKind.allCases))

    /// Views without rows to sort.
    private static let unsorted: Set<ViewKind> = [.diff, .tables, .log, .time, .doctor]
    private static let lists = Binding.Scope.views(Set(ViewKind.allCases).subtracting(unsorted))
    private static let listsOnly = Binding.Scope.views(
        Set(ViewKind.allCases).subtracting(unsorted).subtracting([.tree]))

    private static let choosing: [Binding] = [
        Binding("Enter", .enter, .open, .choosing, "watch this one", short: "watch", rank: 0)
    ]

    private static let everywhere: [Binding] = [
        Binding(
            "Home", [(.home, .live)], everyView, "live again, from the past", applies: { $0.isReplay },
            hint: { _ in .init(name: "Home", words: "live", rank: 1) }),
        Binding(
            "? F1", [(.character("?"), .help), (.function(1), .help)], .anywhere, "this help",
            hint: { $0.showsHelp ? nil : .init(name: "?", words: "help", rank: 0) }),
        Binding(
            ViewKind.allCases.map { String($0.digit) }.joined(separator: " "),
            ViewKind.allCases.map { (.character($0.digit), .view($0)) }, .anywhere, "views, as on the tabs",
            applies: { $0.phase == .watching && $0.masters == nil }),
        Binding(
            "M", [(.character("M"), .masters)], .anywhere, "the masters on this host",
            applies: { $0.phase != .choosing },
            hint: { state in
                if state.masters != nil { return nil }
                let isAlone = state.lost != nil || state.live == nil
                return isAlone ? .init(name: "M", words: "masters", rank: 2) : nil
            }),
    ]

    private static let moving: [Binding] = [
        Binding(
            "arrows",
            [
                (.up, .move(.up)), (.character("k"), .move(.up)),
                (.down, .move(.down)), (.character("j"), .move(.down)),
                (.left, .move(.left)), (.character("h"), .move(.left)),
                (.right, .move(.right)), (.character("l"), .move(.right)),
            ], .anywhere, "move; also h j k l",
            hint: { state in
                guard state.masters != nil else { return nil }
                let unicode = state.settings.repertoire == .unicode
                return .init(name: unicode ? "↑↓" : "j k", words: "choose", rank: 1)
            }),
        Binding(
            "g G",
            [
                (.character("g"), .move(.first)), (.home, .move(.first)),
                (.character("G"), .move(.last)), (.end, .move(.last)),
            ], .anywhere, "first, last; Home, End"),
        Binding(
            "PgUp PgDn", [(.pageUp, .move(.pageUp)), (.pageDown, .move(.pageDown))], .anywhere, "a page"),
    ]

    private static let working: [Binding] = [
        Binding(
            "/", [(.character("/"), .filter)], everyView, "filter the rows",
            applies: { !$0.showsWhy },
            hint: { state in
                .init(
                    name: "/", words: state.filter.isEmpty ? "filter" : "filter: \(state.filter)", rank: 3)
            }),
        Binding(
            "s", .character("s"), .sort, lists, "sort; or click on a column", short: "sort", rank: 5,
            applies: { !$0.showsWhy }),
        Binding("S", [(.character("S"), .reverse)], listsOnly, "sort the other way round"),
        Binding(
            "s", [(.character("s"), .severity)], .views([.log]), "hide what is less severe",
            hint: { state in
                let least = state.log.least
                return .init(name: "s", words: least == .info ? "severity" : "\(least.word)+", rank: 2)
            }),
        Binding(
            "f", [(.character("f"), .follow)], .views([.log, .time]), "follow the newest",
            hint: { state in
                let back = state.view == .log ? state.log.back : state.time.back
                return back > 0 ? .init(name: "f", words: "follow", rank: 1) : nil
            }),
        Binding(
            "f", [(.character("f"), .follow)], .views([.tree]), "follow the serving worker"),
        Binding(
            "c", .character("c"), .examine, .views([.doctor]), "go through the list again", short: "again",
            rank: 2),
        Binding(
            "t", [(.character("t"), .fold)], .views([.tree]), "fold the old workers",
            hint: { $0.why == nil ? .init(name: "t", words: $0.folded ? "unfold" : "fold", rank: 6) : nil }),
        Binding(
            "Space", [(.character(" "), .pause)], everyView, "pause, go on",
            hint: { .init(name: "Space", words: $0.paused == nil ? "pause" : "go on", rank: 4) }),
        Binding(
            "Enter", [(.enter, .open)], .views([.tree]), "why a worker is alive",
            hint: { state in
                let isOpen = state.why != nil || state.showsDetail
                let isWorker = state.selected.flatMap { state.worker($0) } != nil
                return .init(
                    name: "Enter", words: isOpen ? "close" : isWorker ? "why alive" : "detail", rank: 2)
            }),
        Binding(
            "r", .character("r"), .refresh, everyView, "ask the worker again", short: "ask again", rank: 2,
            applies: { $0.view == .conns || $0.view == .tables || $0.view == .tree && $0.why != nil }),
        Binding(
            "b", .character("b"), .group, .views([.conns]), "group the connections", short: "group", rank: 2),
        Binding(
            "w", .character("w"), .nextWorker, .views([.conns]), "the next worker's", short: "worker", rank: 3
        ),
        Binding(
            "Enter", .enter, .open, .views([.conns]), "each of a group, its worker", short: "open", rank: 4),
        Binding(
            "Enter", .enter, .open, .views([.time]), "that worker in the tree", short: "in the tree", rank: 2),
        Binding(
            "Enter", [(.enter, .open)], .views([.reloads]), "the whole verdict of a reload",
            hint: { .init(name: "Enter", words: $0.reloads.isOpen ? "back" : "verdict", rank: 2) }),
        Binding(
            "Tab", [(.tab, .nextPanel), (.backTab, .previousPanel)], .views([.tree]), "next panel; or click",
            hint: { $0.why == nil ? .init(name: "Tab", words: "panel", rank: 7) : nil }),
        Binding(
            "[ ]", [(.character("["), .stepBack), (.character("]"), .stepForward)], everyView,
            "step through the last hour",
            hint: { $0.isReplay ? .init(name: "[ ]", words: "step", rank: 1) : nil }),
        Binding(
            "< >", [(.character("<"), .shorter), (.character(">"), .longer)], .views([.time]),
            "a shorter, a longer span", hint: { _ in .init(name: "< >", words: "span", rank: 1) }),
        Binding("o", [(.character("o"), .columns)], lists, "choose the columns"),
        Binding("e", [(.character("e"), .export)], everyView, "write what is shown as JSON"),
        Binding("y", [(.character("y"), .shellCommands)], everyView, "the same as shell commands"),
        Binding("T", [(.character("T"), .theme)], everyView, "the next theme of colours"),
        Binding(
            "+ -",
            [(.character("+"), .slower), (.character("="), .slower), (.character("-"), .faster)],
            everyView, "slower, faster"),
        Binding(
            "a", [(.character("a"), .act)], everyView, "act on the proxy, if armed",
            hint: { $0.isArmed ? .init(name: "a", words: "act", rank: 2) : nil }),
        Binding(":", [(.character(":"), .command)], everyView, ":actions, :master, :quit"),
        Binding(
            "R", .character("R"), .reload, everyView, "reload the demo's proxy", short: "reload", rank: 1,
            applies: { $0.settings.demo }),
        Binding("", [(.character("R"), .reload)], everyView, ""),
    ]

    private static let leaving: [Binding] = [
        Binding("Ctrl-L", [(.control("l"), .redraw)], .always, "draw the screen again"),
        Binding(
            "Esc", [(.escape, .leave)], .anywhere, "leave help, filter, past",
            hint: { state in
                if state.showsHelp { return .init(name: "Esc", words: "back", rank: 0) }
                if state.masters != nil {
                    return state.phase == .choosing ? nil : .init(name: "Esc", words: "stay", rank: 0)
                }
                return state.filter.isEmpty ? nil : .init(name: "Esc", words: "clear", rank: 3)
            }),
        Binding("", [(.character("q"), .leave)], .anywhere, "", applies: \.showsHelp),
        Binding(
            "q F10", [(.character("q"), .quit)], .anywhere, "quit",
            hint: { $0.showsHelp ? nil : .init(name: "q", words: "quit", rank: 1) }),
        Binding("", [(.function(10), .quit), (.control("c"), .quit)], .always, ""),
    ]

    // MARK: What is made from it

    /// What a key means now; nil: nothing.
    static func action(for key: Key, in state: State) -> Action? {
        for binding in all where isInForce(binding, state) {
            if let match = binding.keys.first(where: { $0.0 == key }) { return match.1 }
        }
        return nil
    }

    /// The lines that the help has for a state.
    static func help(_ state: State) -> [Binding] {
        all.filter { binding in
            guard !binding.name.isEmpty, binding.applies(state) else { return false }
            switch binding.scope {
            case .always, .anywhere: return true
            case .views(let views): return views.contains(state.view)
            case .choosing: return false
            }
        }
    }

    /// The key bar of a state.
    static func hints(_ state: State) -> [Binding.Hint] {
        all.filter { isInForce($0, state) }.compactMap { $0.hint(state) }
    }

    private static func isInForce(_ binding: Binding, _ state: State) -> Bool {
        guard binding.applies(state) else { return false }
        switch binding.scope {
        case .always: return true
        case .anywhere: return !state.typingFilter
        case .views(let views):
            guard state.phase == .watching, !state.typingFilter, !state.showsHelp, state.masters == nil
            else { return false }
            return views.contains(state.view)
        case .choosing:
            return state.masters != nil && !state.showsHelp
        }
    }
}
