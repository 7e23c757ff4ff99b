// `make bench`: figures of mwproxy beside HAProxy, as a Markdown table of ratios.

import Demo
import Glibc

if let role = DemoRole(arguments: CommandLine.arguments.dropFirst()) { exit(role.run()) }
print("bench")
