// The line for monitoring: its status, its figures, and when it has to look longer.

import ReloadModel
import Testing

@testable import Reporting

@Suite struct CheckLineTests {
    @Test func theFiguresNameTheThresholdsTheyAreHeldAgainst() {
        var thresholds = AlertThresholds(stackLimit: 7)
        thresholds.usedWarning = 0.5
        thresholds.usedCritical = 0.625
        thresholds.reloadsPerTenMinutes = 2
        var look = Looks.full
        look.resources.memory = .known(ResourceUse(used: 301, limit: 1000, scope: "the host"))
        let line = CheckLine(look, thresholds)
        #expect(line.status == .critical)
        for figure in [
            " draining=2;7;;0 ", " reloads_10m=2;2;;0 ", " memory_used=30%;50;63;0;100 ",
            " files_used=U;50;63;0;100 ",
        ] {
            #expect(line.text.contains(figure), "\(line.text)")
        }
    }

    @Test func theWorstAlertDecides() {
        var look = Looks.full
        look.alerts = []
        #expect(CheckLine(look, AlertThresholds()).status == .ok)
        look.alerts = [Alert(kind: .reloadRate, severity: .warning, message: "12 reloads | in 10 minutes")]
        let line = CheckLine(look, AlertThresholds())
        #expect(line.status == .warning)
        #expect(line.text.hasPrefix("RELOADTOP WARNING - 12 reloads / in 10 minutes | "))
        look.workers.removeFirst()
        #expect(CheckLine(look, AlertThresholds()).status == .critical)
    }

    @Test func whatTakesLongerToSeeIsLookedAtFor() {
        var thresholds = AlertThresholds()
        thresholds.stuckAfter = 2
        thresholds.strandedAfter = 5
        thresholds.spinningLooks = 4
        var look = Looks.full
        #expect(CheckLine.suspicion(look, thresholds) == 0)
        look.master.pendingSignal = "SIGUSR2"
        #expect(CheckLine.suspicion(look, thresholds) == 2)
        look.workers[1].listening = .known(["*:80"])
        #expect(CheckLine.suspicion(look, thresholds) == 5)
        look.master.pendingSignal = nil
        look.workers[1].listening = .known([])
        look.workers[0].cpuPercent = .known(99)
        #expect(CheckLine.suspicion(look, thresholds) == 1)
    }
}
