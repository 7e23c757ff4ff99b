// The hidden roles survive the trip through an argument list, and ordinary options are none.

import Testing

@testable import Demo

@Suite struct DemoRoleTests {
    @Test(arguments: [
        DemoRole.stage(program: "/usr/sbin/haproxy", directory: "/tmp/d", automatic: true),
        .stage(program: "mwproxy", directory: "/tmp/d e", automatic: false),
        .bound(parent: 7, arguments: ["/bin/true", "-x"]),
    ])
    func comesBackFromItsArguments(role: DemoRole) {
        #expect(DemoRole(arguments: role.arguments) == role)
    }

    @Test(arguments: [[], ["--demo"], ["--demo-stage"], ["--once", "--json"]])
    func ordinaryStartsAreNoRole(arguments: [String]) {
        #expect(DemoRole(arguments: arguments) == nil)
    }
}
