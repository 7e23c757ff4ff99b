// Nothing is done to a proxy before it was armed, chosen and confirmed.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct InterventionTests {
    private var state = Fixture.state(Fixture.busy)

    @Test mutating func nothingIsOfferedUntilItIsArmed() {
        #expect(state.press(.character("a")).isEmpty)
        #expect(state.dialogue == nil)
        #expect(state.notice?.contains(":actions on") == true)
        state.press(.character(":"))
        state.type("actions on")
        state.press(.enter)
        #expect(state.isArmed)
        state.press(.character("a"))
        #expect(state.dialogue == .choice([.reload(master: 7459), .softStop(master: 7459)], selected: 0))
        state.press(.escape, .character(":"))
        state.type("actions off")
        state.press(.enter, .character("a"))
        #expect(state.dialogue == nil && !state.isArmed)
    }

    @Test mutating func eachAsksFirstAndOnlyYDoesIt() throws {
        state.isArmed = true
        for refusal in [Key.character("n"), .enter, .escape, .character("q"), .character(" ")] {
            state.press(.character("a"), .enter)
            #expect(state.dialogue == .question(.reload(master: 7459)))
            #expect(state.press(refusal).isEmpty)
            #expect(state.dialogue == nil)
            #expect(state.notice == "left alone: reload master 7459, after a test of its files")
        }
        state.press(.character("a"), .enter)
        let effects = state.press(.character("y"))
        guard case .intervene(.reload(7459), let command)? = effects.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(command.hasPrefix("echo reload | socat "))
    }

    @Test mutating func anOldWorkerCanBeEndedTheServingOneOnlyReloaded() {
        state.isArmed = true
        state.selected = 18970
        state.press(.character("a"), .enter)
        guard case .question(let intervention)? = state.dialogue,
            case .endWorker(18970, 7459, let connections) = intervention
        else {
            Issue.record("\(String(describing: state.dialogue))")
            return
        }
        let count = Fixture.busy.workers.first { $0.pid == 18970 }?.connections.value
        #expect(connections == .known(count ?? -1))
        let text = view(state).text
        #expect(text.contains("kill -TERM 18970"))
        #expect(text.contains("costs: \(count ?? -1) connections cut"))
        state.press(.escape)
        state.selected = 20193
        state.press(.character("a"))
        #expect(state.dialogue == .choice([.reload(master: 7459)], selected: 0))
    }

    @Test mutating func thePastIsNotActedOn() {
        state.isArmed = true
        state.press(.character(" "), .character("a"))
        #expect(state.dialogue == nil)
        #expect(state.notice?.contains("not live") == true)
    }

    @Test mutating func aWrongCommandSaysWhatThereIs() {
        state.press(.character(":"))
        state.type("actoins on")
        state.press(.enter)
        #expect(
            state.notice
                == "no such command: 'actoins on'. There are: actions on, actions off, master PID, quit")
        #expect(!state.isArmed)
        state.press(.character(":"), .backspace)
        #expect(state.dialogue == nil)
    }

    @Test mutating func whatCameOfItIsShownAndLogged() {
        let result = InterventionResult(.reload(master: 7459), succeeded: false, "not reloaded: a.cfg:3: no")
        _ = update(&state, .intervened(result))
        #expect(view(state).text.contains("not reloaded: a.cfg:3: no"))
        #expect(state.live?.log.last?.text.contains("not reloaded") == true)
        #expect(state.live?.log.last?.severity == .critical)
    }

    @Test mutating func theDialogueFitsEverySize() {
        state.isArmed = true
        state.press(.character("a"))
        for dialogue in [state.dialogue, .question(.softStop(master: 7459))] {
            state.dialogue = dialogue
            for columns in [1, 3, 20, 59, 60, 80, 120] {
                for rows in [1, 2, 5, 11, 12, 24, 40] {
                    _ = update(&state, .resized(Size(columns: columns, rows: rows)))
                    #expect(view(state).size == Size(columns: columns, rows: rows))
                }
            }
        }
    }
}
