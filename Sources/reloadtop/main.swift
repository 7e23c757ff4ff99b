// reloadtop: watches the hot reloads of a master-worker proxy.

import Demo
import Glibc

if let role = DemoRole(arguments: CommandLine.arguments.dropFirst()) { exit(role.run()) }
Reloadtop.main()
