// Acting on the watched proxy: the command line that arms it, the list of what can be done here, and the question
// before anything is done. No single key acts: arm, choose, confirm.

import ReloadModel
import TextUI

/// What is asked of the person now.
enum Dialogue: Equatable, Sendable {
    /// The line after `:` while it is typed.
    case command(String)
    case choice([Intervention], selected: Int)
    case question(Intervention)
}

enum InterventionDialogue {
    private static let width = 74

    /// `a`: what can be done with what is under the cursor.
    static func open(_ state: inout State) {
        guard state.isArmed else {
            state.notice = "actions are off: ':actions on' arms them, or start with --allow-actions"
            return
        }
        guard state.paused == nil else {
            state.notice = "what is shown is not live: Space or Home goes on, then 'a' acts"
            return
        }
        let choices = state.view.view.interventions(state)
        if choices.isEmpty {
            state.notice = "nothing can be done to what is under the cursor"
        } else {
            state.dialogue = .choice(choices, selected: 0)
        }
    }

    // MARK: Keys

    static func press(_ key: Key, _ dialogue: Dialogue, _ state: inout State) -> [Effect] {
        switch dialogue {
        case .command(let text): return type(key, text, &state)
        case .choice(let choices, let selected): choose(key, choices, selected, &state)
        case .question(let intervention):
            state.dialogue = nil
            guard key == .character("y") || key == .character("Y") else {
                state.notice = "left alone: \(intervention.title)"
                return []
            }
            state.notice = "under way: \(intervention.title)"
            return [.intervene(intervention, command: shellCommand(intervention, state))]
        }
        return []
    }

    private static func type(_ key: Key, _ text: String, _ state: inout State) -> [Effect] {
        switch key {
        case .enter:
            state.dialogue = nil
            return run(text, &state)
        case .escape: state.dialogue = nil
        case .backspace, .delete: state.dialogue = text.isEmpty ? nil : .command(String(text.dropLast()))
        case .character(let scalar): state.dialogue = .command(text + String(scalar))
        default: break
        }
        return []
    }

    private static func run(_ text: String, _ state: inout State) -> [Effect] {
        let words = text.split(separator: " ").map(String.init)
        switch words {
        case []: break
        case ["actions", "on"]:
            state.isArmed = true
            state.notice = "actions are on: 'a' offers what can be done to what is under the cursor"
        case ["actions", "off"]:
            state.isArmed = false
            state.notice = "actions are off"
        case ["master"]: return MasterList.toggle(&state)
        case _ where words.count == 2 && words[0] == "master":
            guard let pid = Int32(words[1]), pid > 0 else {
                state.notice = "'master' needs a pid, found '\(words[1])'; 'master' alone lists them"
                break
            }
            return MasterList.turn(to: pid, &state)
        case ["q"], ["quit"]: return [.quit]
        default:
            state.notice =
                "no such command: '\(text)'. There are: actions on, actions off, master PID, quit"
        }
        return []
    }

    private static func choose(
        _ key: Key, _ choices: [Intervention], _ selected: Int, _ state: inout State
    ) {
        switch key {
        case .up, .character("k"): state.dialogue = .choice(choices, selected: max(0, selected - 1))
        case .down, .character("j"):
            state.dialogue = .choice(choices, selected: min(choices.count - 1, selected + 1))
        case .enter: state.dialogue = .question(choices[selected])
        case .escape, .character("q"), .character("a"): state.dialogue = nil
        default: break
        }
    }

    // MARK: Drawing

    static func draw(_ state: State, _ body: Area, _ frame: inout Frame) {
        switch state.dialogue {
        case .choice(let choices, let selected):
            let lines = choices.map { StyledText($0.title) }
            box("Act", lines, keys: "Enter chooses  Esc leaves", selected: selected, body, &frame)
        case .question(let intervention):
            let inner = min(width, body.width) - 2
            let command = WrappedText.lines(shellCommand(intervention, state), width: inner, indent: 2)
            let lines =
                WrappedText.lines("\(intervention.title)?", width: inner, indent: 2)
                .map { StyledText($0, .strong) }
                + WrappedText.lines("costs: \(intervention.cost)", width: inner, indent: 2)
                .map { StyledText($0, Style(.yellow)) } + [StyledText()]
                + command.map { StyledText($0, Style(.grey)) }
            box("Act", lines, keys: "y does it  any other key leaves it", selected: nil, body, &frame)
        case .command, nil: break
        }
    }

    private static func box(
        _ name: String, _ lines: [StyledText], keys: String, selected: Int?, _ body: Area,
        _ frame: inout Frame
    ) {
        let width = min(width, body.width)
        let height = min(body.height, lines.count + 2)
        guard width > 4, height > 1 else { return }
        let area = Area(
            column: body.column + (body.width - width) / 2, row: body.row + (body.height - height) / 2,
            width: width, height: height)
        frame.fill(" ", area, style: .plain)
        frame.paint(.bar, area)
        frame.putRule(name, focused: true, area)
        // Where there is not room for all, the choice under the cursor stays in sight.
        let visible = max(1, height - 2)
        let first = Scrolling.first(showing: selected ?? 0, from: 0, visible: visible, total: lines.count)
        for (offset, line) in lines.dropFirst(first).prefix(visible).enumerated() {
            let row = area.row + 1 + offset
            frame.put(line, at: area.column + 1, row, width: width - 2)
            if let selected, first + offset == selected {
                frame.paint(.selection, Area(column: area.column, row: row, width: width, height: 1))
            }
        }
        frame.put(
            keys, at: area.column + 1, area.row + height - 1, width: width - 2,
            style: Style(.cyan, on: .bar).bold)
    }

    // MARK: Words

    /// The same for a shell.
    static func shellCommand(_ intervention: Intervention, _ state: State) -> String {
        if let command = intervention.adminCommand, let snapshot = state.live?.snapshot,
            let line = MasterShell.ask(command, snapshot).first
        {
            return line
        }
        return intervention.signal.map { "kill -\($0.name) \($0.pid)" } ?? ""
    }
}
