// What a key or the mouse does: the table of keys names the action; the ones that are the same in every view are
// done here, the rest by the view.

import ReloadModel
import TextUI

extension State {
    mutating func receive(_ key: Key) -> [Effect] {
        if case .mouse(let mouse) = key { return click(mouse) }
        if popup != nil {
            popup = nil
            if key != .control("l"), key != .control("c"), key != .function(10) { return [] }
        }
        if let dialogue, ![.control("l"), .control("c"), .function(10)].contains(key) {
            return InterventionDialogue.press(key, dialogue, &self)
        }
        guard let action = KeyTable.action(for: key, in: self) else { return typingFilter ? type(key) : [] }
        return perform(action)
    }

    private mutating func perform(_ action: Action) -> [Effect] {
        switch action {
        case .quit: return [.quit]
        case .redraw: return [.redraw]
        case .help:
            showsHelp.toggle()
            scrolledHelp = 0
            return []
        case .leave where showsHelp:
            showsHelp = false
            return []
        case .masters:
            (showsHelp, columnMenu) = (false, nil)
            return MasterList.toggle(&self)
        case .view(let kind):
            (showsHelp, columnMenu) = (false, nil)
            guard kind != view else { return [] }
            view = kind
            return kind.view.opened(&self)
        default: break
        }
        if showsHelp {
            guard case .move(let move) = action else { return [] }
            let body = ScreenLayout(size).body
            let last = max(0, Help.lines(self, body.width).count - body.height)
            scrolledHelp = Scrolling.moved(scrolledHelp, move, page: max(1, body.height - 2), last: last)
            return []
        }
        if let masters { return MasterList.press(action, masters, &self) }
        if columnMenu != nil {
            ColumnMenu.press(action, &self)
            return []
        }
        if let effects = performInEveryView(action) ?? view.view.press(action, &self) { return effects }
        if case .leave = action, isReplay { goLive() }
        return []
    }

    /// Nil: it is for the view to do.
    private mutating func performInEveryView(_ action: Action) -> [Effect]? {
        switch action {
        case .act: InterventionDialogue.open(&self)
        case .command: dialogue = .command("")
        case .filter: typingFilter = true
        case .pause: if paused == nil { paused = live } else { goLive() }
        case .stepBack: stepBack()
        case .stepForward: stepForward()
        case .live: goLive()
        case .columns:
            if view.view.columnNames(self).isEmpty {
                notice = "this view has no columns to choose from"
            } else {
                columnMenu = 0
            }
        case .theme:
            let all = Theme.allCases
            let index = all.firstIndex(of: settings.theme) ?? 0
            settings.theme = all[(index + 1) % all.count]
            notice = "theme \(settings.theme.rawValue)"
            return [.theme(settings.theme)]
        case .export:
            guard let name = Export.name(self), let text = Export.text(self) else { return [] }
            return [.export(name: name, text: text)]
        case .shellCommands:
            let commands = view.view.shellCommands(self)
            popup =
                commands.isEmpty
                ? Popup("Shell", ["nothing shown here comes from a command"])
                : Popup("The same without reloadtop", commands)
        case .slower: return setInterval(faster: false)
        case .faster: return setInterval(faster: true)
        case .reload:
            if settings.demo { return [.reload] }
            notice = "R reloads the demo only; actions on a proxy begin with ':actions on' and 'a'"
        case .leave where !filter.isEmpty: filter = ""
        default: return nil
        }
        return []
    }

    private mutating func type(_ key: Key) -> [Effect] {
        switch key {
        case .enter: typingFilter = false
        case .escape:
            typingFilter = false
            filter = ""
        case .backspace, .delete:
            if filter.isEmpty { typingFilter = false } else { filter.removeLast() }
        case .character(let scalar):
            filter.unicodeScalars.append(scalar)
            (scrolledLog, scrolledReloads) = (0, 0)
        case .up: return view.view.press(.move(.up), &self) ?? []
        case .down: return view.view.press(.move(.down), &self) ?? []
        case .pageUp: return view.view.press(.move(.pageUp), &self) ?? []
        case .pageDown: return view.view.press(.move(.pageDown), &self) ?? []
        default: break
        }
        return []
    }

    private mutating func setInterval(faster: Bool) -> [Effect] {
        let steps: [Double] = [0.2, 0.5, 1, 2, 5, 10, 30, 60]
        let next = faster ? steps.last { $0 < settings.interval } : steps.first { $0 > settings.interval }
        guard let next else { return [] }
        settings.interval = next
        notice = "one look every \(Figures.fixed(next, digits: next < 1 ? 1 : 0)) s"
        return [.interval(next)]
    }

    private mutating func click(_ mouse: Key.Mouse) -> [Effect] {
        popup = nil
        guard !showsHelp, columnMenu == nil else { return [] }
        if let masters { return MasterList.click(mouse, masters, &self) }
        if case .press(let column, let row) = mouse, let tabs = ScreenLayout(size).tabs, row == tabs.row {
            return Tabs.view(at: column, tabs).map { perform(.view($0)) } ?? []
        }
        return view.view.click(mouse, viewArea, &self)
    }
}
