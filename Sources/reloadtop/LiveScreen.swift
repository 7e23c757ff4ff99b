// The screen: one loop over the keys, the signals, the observer's events and the clock. Whatever happens
// becomes an `Event` of the dashboard; a frame is drawn at the end of a round in which something changed.

import Dashboard
import Demo
import Glibc
import Observing
import Polling
import ReloadModel
import Terminal
import TextUI
import Unix

final class LiveScreen {
    private let options: Reloadtop
    private var state: State
    private var terminal: Terminal?
    private var loop: EventLoop?
    private var sighting: Sighting?
    private var errands: Errands?
    /// What is done to proxies: outlives a change of the master that is watched.
    private var deeds: Errands?
    private var demo: Demo?
    private var keys: DescriptorWatcher?
    private var signals: SignalWatcher?
    private var clock: Timer?
    /// The master that the options are about: the first that was watched.
    private var home: RunningMaster?
    private var exitStatus: Int32 = 0
    /// What is told on standard error once the terminal is given back.
    private var farewell: String?
    private var drawingIsDue = false
    /// How many were begun.
    private var interventions = 0

    init(options: Reloadtop) {
        self.options = options
        state = State(size: Size(columns: 80, rows: 24))
    }

    /// Runs until the end; the exit status. The terminal is as it was before, whatever the end.
    func run() -> Int32 {
        Signals.ignoreBrokenPipes()
        var first: RunningMaster?
        var candidates: [RunningMaster] = []
        if !options.demo {
            do throws(AttachFailure) {
                first = try options.target.find()
            } catch .several(let masters) {
                candidates = masters
            } catch {
                return OneLook.explain(error)
            }
        }
        do throws(Errno) {
            let loop = try EventLoop()
            self.loop = loop
            errands = Errands(on: loop) { [unowned self] in happen($0) }
            deeds = Errands(on: loop) { [unowned self] in happen($0) }
            signals = try SignalWatcher(
                [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH], on: loop
            ) { [unowned self] in receive($0.number) }
            try openTerminal(on: loop)
            defer { close() }
            clock = Timer(on: loop) { [unowned self] in tick() }
            clock?.set(after: .seconds(1))
            start(first, candidates, on: loop)
            draw()
            try loop.run()
        } catch {
            complain("the event loop failed: \(error)")
            return 1
        }
        if let farewell { complain(farewell) }
        return exitStatus
    }

    private func openTerminal(on loop: EventLoop) throws(Errno) {
        do throws(TerminalFailure) {
            let theme = options.usesColour ? options.theme : .mono
            let terminal = try Terminal(theme: theme, ascii: options.ascii)
            self.terminal = terminal
            let settings = Settings(
                repertoire: terminal.repertoire, demo: options.demo, interval: options.interval,
                theme: theme, allowsActions: options.allowActions)
            state = State(size: terminal.size, settings: settings)
            state.now = WallClock.now().microseconds
        } catch {
            end(1, because: error.sentence)
            return
        }
        guard let terminal else { return }
        keys = try DescriptorWatcher(terminal.input, on: loop) { [unowned self] in readKeys($0) }
    }

    private func start(_ master: RunningMaster?, _ candidates: [RunningMaster], on loop: EventLoop) {
        guard terminal != nil else { return }
        if options.demo {
            startDemo(on: loop)
        } else if let master {
            attach(to: master, on: loop)
        } else {
            happen(.found(candidates))
        }
    }

    private func startDemo(on loop: EventLoop) {
        do throws(DemoError) {
            happen(.progress("starting the demo: a proxy, an origin and traffic"))
            demo = try Demo.start(on: loop) { [unowned self] in demoHappened($0) }
        } catch {
            end(1, because: error.description)
        }
    }

    private func demoHappened(_ event: Demo.Event) {
        switch event {
        case .started(let pid):
            if let demo { seekDemo(demo, pid: pid) }
        case .reloaded: break
        case .ended(let why):
            if state.settings.demo { happen(.lost("the demo ended: \(why)")) }
        }
    }

    // MARK: What is watched

    /// Watches this master from the next round on, and forgets the one before; its errands end, but what was begun
    /// to be done to it is brought to its end.
    private func attach(to master: RunningMaster, on loop: EventLoop) {
        sighting = nil
        errands = Errands(on: loop) { [unowned self] in happen($0) }
        happen(.attached(master, isDemo: isDemo(master)))
        loop.atEndOfRound { [unowned self] in watch(master, on: loop) }
    }

    private func watch(_ master: RunningMaster, on loop: EventLoop) {
        let sighting = Sighting(
            master, options: observing(master), interval: state.settings.interval, on: loop
        ) { [unowned self] in happen($0) }
        self.sighting = sighting
        sighting.begin()
    }

    private func isDemo(_ master: RunningMaster) -> Bool { demo?.master == master.pid }

    /// The log that was named belongs to the master that was watched first, and to whatever takes its place.
    private func observing(_ master: RunningMaster) -> ObserverOptions {
        var observing = options.observing
        let home = home ?? master
        self.home = home
        if let demo, observing.logFile == nil { observing.logFile = demo.logFile }
        if master.pid != home.pid, !master.takesPlace(of: home, lastSeen: nil) {
            (observing.logFile, observing.journalUnit, observing.journalDirectory) = (nil, nil, nil)
        }
        return observing
    }

    /// Watches the master with this pid in the place of the one that is watched; where it cannot be, that one stays.
    private func turn(to pid: Int32) {
        guard let loop else { return }
        do throws(AttachFailure) {
            var master = try Observer.find(pid: pid)
            if let home, home.pid == master.pid { master.masterSocket = home.masterSocket }
            attach(to: master, on: loop)
        } catch .unsuitable(let sentence) {
            happen(.notAttached(sentence))
        } catch {
            happen(.notAttached("no master has the pid \(pid)"))
        }
    }

    /// Looks for the demo's master.
    private func seekDemo(_ demo: Demo, pid: Int32) {
        do throws(AttachFailure) {
            let master = try Observer.find(pid: pid, masterSocket: demo.masterSocket)
            if let loop { attach(to: master, on: loop) }
        } catch .unsuitable(let sentence) {
            happen(.progress("waiting for the master: \(sentence)"))
        } catch {
            happen(.progress("waiting for a master"))
        }
    }

    /// Once a second, and not where a look has just told the time: the clock, and the demo's master once it runs.
    private func tick() {
        clock?.set(after: .seconds(1))
        if sighting == nil, let demo, let pid = demo.master { seekDemo(demo, pid: pid) }
        happen(.clock(WallClock.now().microseconds))
    }

    // MARK: Events

    private func happen(_ event: Event) {
        // The next look tells the time by itself, if it comes in its second.
        if case .looked = event { clock?.set(after: .milliseconds(1100)) }
        for effect in update(&state, event) { perform(effect) }
        drawSoon()
    }

    /// What takes time is an errand: `errands?.run(…, as: "…")` returns at once, and its event comes when it has
    /// ended.
    private func perform(_ effect: Effect) {
        switch effect {
        case .quit: end(0)
        case .watch(let pid): turn(to: pid)
        case .findMasters: errands?.run(SweepErrand(), as: "masters")
        case .reload: demo?.reload()
        case .inquire(let pid): inquire(into: pid)
        case .readTables(let pid):
            if let inquiry = sighting?.inquireTables(of: pid) {
                errands?.run(TablesErrand(inquiry), as: "tables")
            }
        case .interval(let seconds): sighting?.interval = seconds
        case .redraw: terminal?.redraw()
        case .theme(let theme): terminal?.setTheme(theme)
        case .intervene(let intervention, let command): intervene(intervention, command)
        case .export(let name, let text): happen(.exported(ExportFile.write(text, name: name)))
        case .examine:
            guard let master = sighting?.master else { return }
            errands?.run(
                ExaminationErrand(master) { [unowned self] in state.live?.snapshot }, as: "doctor")
        }
    }

    private func inquire(into pid: Int32) {
        guard let inquiry = sighting?.inquire(into: pid) else {
            return happen(.inquired(.gone(pid, at: WallClock.now().microseconds)))
        }
        errands?.run(ConnectionErrand(inquiry), as: "connections of \(pid)")
    }

    private func intervene(_ intervention: Intervention, _ command: String) {
        guard let sighting else { return }
        interventions += 1
        // Each has a name of its own: none takes another's place.
        deeds?.run(
            InterventionErrand(intervention, on: sighting.master, command: command),
            as: "intervention \(interventions)")
    }

    private func readKeys(_ readiness: Readiness) {
        while let key = terminal?.nextKey() { happen(.key(key)) }
        // A terminal that is gone stays readable for ever and has no keys.
        if !readiness.isDisjoint(with: [.hungUp, .failed]) { end(128 + SIGHUP) }
    }

    private func receive(_ signal: Int32) {
        switch signal {
        case SIGWINCH:
            if let size = terminal?.resize() { happen(.resized(size)) }
        case SIGTSTP: stopAndResume()
        case SIGCONT:
            terminal?.resume()
            if let size = terminal?.resize() { happen(.resized(size)) }
        default: end(128 + signal)
        }
    }

    private func stopAndResume() {
        terminal?.suspend()
        kill(getpid(), SIGSTOP)
    }

    // MARK: Drawing and the end

    private func drawSoon() {
        guard !drawingIsDue else { return }
        drawingIsDue = true
        loop?.atEndOfRound { [unowned self] in draw() }
    }

    private func draw() {
        drawingIsDue = false
        terminal?.draw(view(state))
    }

    private func end(_ status: Int32, because sentence: String? = nil) {
        exitStatus = status
        farewell = sentence
        let loop = loop
        loop?.atEndOfRound { loop?.stop() }
    }

    private func close() {
        // First what would outlive us: a terminal that hangs ends the process.
        demo?.stop()
        demo = nil
        terminal?.close(orExit: exitStatus)
    }
}
