// The environment of a worker and of the master's next program.

import Handover
import Unix

enum WorkerEnvironment {
    /// This process's environment without what is between the processes of one master.
    static var inherited: [String] {
        ProcessControl.environment.filter { entry in
            !HandoverVariable.all.contains { entry.hasPrefix("\($0)=") }
        }
    }

    /// For a worker whose control socket is descriptor `number`.
    static func make(control number: Int32) -> [String] {
        let room = String(repeating: "-", count: 64)
        return ["\(HandoverVariable.title)=\(room)"] + inherited + ["\(HandoverVariable.worker)=\(number)"]
    }
}
