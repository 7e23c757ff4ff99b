// The start of every process of mwproxy: reads HAProxy's command line and chooses the role. The environment tells
// a worker and a master after its exec; everything else is the first start.

import Glibc
import Handover
import MasterWorker
import Unix

if let answer = MasterProcess.probeAnswer {
    try File.writeAll(1, answer.utf8)
    exit(0)
}
if MasterProcess.inheritedState != nil { MasterProcess.blockSignals() }
exit(Role.run(CommandLine.arguments))
