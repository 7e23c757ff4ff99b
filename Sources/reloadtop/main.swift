// reloadtop: watches the hot reloads of a master-worker proxy.

import Demo
import Glibc

if let role = DemoRole(arguments: CommandLine.arguments.dropFirst()) { exit(role.run()) }
let words = StartWords.all()
// Not by the parser's own choice of a subcommand: options of the same name would be taken by the program's.
switch words.first {
case "doctor": DoctorCommand.main(Array(words.dropFirst()))
case "reload": ReloadCommand.main(Array(words.dropFirst()))
case "rollout": RolloutCommand.main(Array(words.dropFirst()))
default: Reloadtop.main(words)
}
