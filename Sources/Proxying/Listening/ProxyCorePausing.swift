// SIGTTOU and SIGTTIN: a process that is about to replace this one wants ports that cannot be shared. All listeners
// let go of them, or have them again when the other one has given up.

import Unix

extension ProxyCore {
    /// Listens no more until `resumeListening`; connections go on.
    package func pauseListening() {
        guard !isStopping, !hasPaused else { return }
        hasPaused = true
        for listener in listeners { listener.letGo() }
        for frontend in frontends { report(.warning, "Paused frontend \(frontend.name).") }
    }

    /// Listens again after `pauseListening`.
    package func resumeListening() {
        guard !isStopping, hasPaused else { return }
        hasPaused = false
        for frontend in frontends {
            do throws(Errno) {
                for listener in frontend.listeners { try listener.takeBack() }
                report(.warning, "Resumed frontend \(frontend.name).")
            } catch {
                report(.warning, "Failed to resume frontend \(frontend.name): \(error)")
            }
        }
    }
}
