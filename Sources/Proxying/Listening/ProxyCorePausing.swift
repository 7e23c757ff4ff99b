// SIGTTOU and SIGTTIN: a process that is about to replace this one wants ports that cannot be shared. All listeners
// let go of them, or have them again when the other one has given up.

import Unix

extension ProxyCore {
    /// Listens no more until `resumeListening`; connections go on.
    package func pauseListening() {
        guard !isStopping, !hasPaused else { return }
        hasPaused = true
        for listener in listeners where !listener.socket.isPaused { listener.letGo() }
        for frontend in frontends { report(.warning, "Paused frontend \(frontend.name).") }
    }

    /// Listens again after `pauseListening`, with each listener that can; the others stay paused until the next call.
    package func resumeListening() {
        guard !isStopping, hasPaused || listeners.contains(where: \.socket.isPaused) else { return }
        hasPaused = false
        for frontend in frontends {
            var isWhole = true
            for listener in frontend.listeners {
                do throws(Errno) {
                    try listener.takeBack()
                } catch {
                    isWhole = false
                    report(
                        .alert,
                        "Failed to resume listener \(listener.name) of frontend \(frontend.name): \(error)")
                }
            }
            if isWhole { report(.warning, "Resumed frontend \(frontend.name).") }
        }
    }
}
