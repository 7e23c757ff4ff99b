// swift-tools-version: 6.2

// The house: one target a room, and every import a target may make is declared here.
// `make layers` fails when a source file imports a room that its target does not list.

import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// A room of the house: a library target and the rooms below it that it may import.
func room(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(of name: String, uses dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.init(stringLiteral: name)] + dependencies,
        swiftSettings: strict)
}

let errno: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let arguments: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "reloadtop",
    products: [
        .executable(name: "reloadtop", targets: ["reloadtop"]),
        .executable(name: "mwproxy", targets: ["mwproxy"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        // Floor 0: header shims and system libraries, no logic.
        .target(name: "CLinux"),
        .systemLibrary(
            name: "CNcurses", providers: [.apt(["libncursesw5-dev"])]),
        .systemLibrary(name: "CAttributes"),
        .systemLibrary(
            name: "CSystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(
            name: "CPCRE2", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(
            name: "COpenSSL", providers: [.apt(["libssl-dev"])]),

        // Floor 1: the operating system.
        room("Unix", uses: ["CLinux", errno]),
        room("Polling", uses: ["Unix", "CLinux"]),
        room("TLS", uses: ["Unix", "COpenSSL"]),

        // Floor 2: pure rooms; time is an argument.
        room("StickTables"),
        tests(of: "StickTables"),
        room("PeersProtocol", uses: ["StickTables"]),
        tests(of: "PeersProtocol", uses: ["StickTables"]),
        room("RegularExpressions", uses: ["CPCRE2"]),
        tests(of: "RegularExpressions"),
        room("ConfigLanguage", uses: ["StickTables", "RegularExpressions"]),
        tests(of: "ConfigLanguage", uses: ["Worker", "TestSupport", "Demo", "Unix"]),
        room("HTTP1"),
        room("ProxyProtocol", uses: ["Unix"]),
        tests(of: "ProxyProtocol", uses: ["Unix"]),
        room("RuntimeAPI"),
        room("Handover", uses: ["RuntimeAPI"]),
        room("Migration", uses: ["Handover", "StickTables", "Unix"]),
        tests(of: "Migration", uses: ["Handover", "StickTables", "Unix"]),
        room("ReloadModel"),
        room("TextUI"),
        room("Preferences", uses: ["ReloadModel"]),
        tests(of: "Preferences"),
        room("Reporting", uses: ["ReloadModel", "RuntimeAPI", "TextUI"]),
        room("Dashboard", uses: ["Reporting", "ReloadModel", "RuntimeAPI", "TextUI"]),

        // Floor 3: pure rooms meet the operating system.
        room("AdminSocket", uses: ["RuntimeAPI", "Polling", "Unix"]),
        room(
            "Proxying",
            uses: [
                "ConfigLanguage", "StickTables", "RegularExpressions", "HTTP1", "ProxyProtocol", "Migration",
                "TLS",
                "Handover", "RuntimeAPI", "Polling", "Unix", "CLinux", deque,
            ]),
        room("Peering", uses: ["PeersProtocol", "StickTables", "ConfigLanguage", "Polling", "Unix"]),
        tests(
            of: "Peering",
            uses: [
                "PeersProtocol", "StickTables", "ConfigLanguage", "Demo", "Polling", "TestSupport", "Unix",
            ]),
        room("Observing", uses: ["RuntimeAPI", "ReloadModel", "TLS", "Unix", "CLinux", "CSystemd"]),
        room("Terminal", uses: ["TextUI", "Unix", "CNcurses"]),

        // Floor 4: whole processes.
        room(
            "Worker",
            uses: [
                "Proxying", "Peering", "PeersProtocol", "StickTables", "AdminSocket", "RuntimeAPI",
                "Handover", "Migration", "TLS",
                "ConfigLanguage", "Polling", "Unix",
            ]),
        room(
            "MasterWorker", uses: ["AdminSocket", "RuntimeAPI", "Handover", "Polling", "Unix", "CLinux"]),
        room(
            "Runbook",
            uses: [
                "Doctor", "Observing", "ConfigLanguage", "RuntimeAPI", "ReloadModel", "TLS", "Unix",
                "CAttributes", "CSystemd",
            ]),
        room("Rollout", uses: ["Runbook", "ReloadModel", "RuntimeAPI", "TLS", "Unix", "CLinux"]),
        room("Demo", uses: ["Observing", "Polling", "TLS", "Unix", "CLinux"]),
        room("Doctor", uses: ["Observing", "ConfigLanguage", "ReloadModel", "RuntimeAPI", "TLS", "Unix"]),

        // Floor 5: the programs.
        .executableTarget(
            name: "reloadtop",
            dependencies: [
                "Dashboard", "Reporting", "Preferences", "Doctor", "Runbook", "Rollout", "Observing",
                "ReloadModel", "RuntimeAPI", "TextUI", "Terminal", "Polling", "Unix", "Demo", arguments,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "mwproxy",
            dependencies: ["MasterWorker", "Worker", "ConfigLanguage", "Handover", "Unix", "CLinux"],
            swiftSettings: strict),

        tests(of: "ReloadModel"),
        tests(of: "Observing", uses: ["Demo", "ReloadModel", "RuntimeAPI", "Unix", "TestSupport"]),
        // Tests.
        tests(of: "TextUI"),
        tests(of: "Reporting", uses: ["ReloadModel", "RuntimeAPI", "TestSupport", "Unix"]),
        .testTarget(
            name: "DashboardTests", dependencies: ["Dashboard", "ReloadModel", "RuntimeAPI", "TextUI"],
            exclude: ["Screens"], swiftSettings: strict),
        .testTarget(
            name: "RuntimeAPITests", dependencies: ["RuntimeAPI"], exclude: ["Fixtures"],
            swiftSettings: strict),
        tests(of: "AdminSocket", uses: ["RuntimeAPI", "Polling", "Unix"]),
        .testTarget(
            name: "WorkerAdminTests",
            dependencies: [
                "Worker", "AdminSocket", "ConfigLanguage", "Handover", "Polling", "Proxying", "RuntimeAPI",
                "TestSupport", "Unix",
            ],
            swiftSettings: strict),
        tests(of: "HTTP1"),
        tests(
            of: "Proxying",
            uses: [
                "HTTP1", "ConfigLanguage", "Migration", "Polling", "RuntimeAPI", "StickTables", "TestSupport",
                "Unix",
            ]),
        tests(of: "Unix", uses: ["TestSupport", "Demo"]),
        tests(of: "TLS", uses: ["TestSupport", "Unix"]),
        tests(of: "Polling", uses: ["Unix"]),
        // Real processes for tests: start, watch, ask, clean up. Then the tests and figures over real binaries.
        .target(
            name: "TestSupport", dependencies: ["Demo", "Polling", "Unix", "CLinux", "COpenSSL"],
            path: "Tests/Support", swiftSettings: strict),
        .executableTarget(
            name: "Bench", dependencies: ["TestSupport", "Demo", "Polling", "Unix", "CLinux"],
            path: "Tests/Bench", swiftSettings: strict),
        tests(of: "Handover", uses: ["RuntimeAPI"]),
        .testTarget(
            name: "MasterWorkerTests",
            dependencies: [
                "MasterWorker", "mwproxy", "TestSupport", "Demo", "Handover", "RuntimeAPI", "Polling",
                "Unix",
            ],
            exclude: ["Golden"], swiftSettings: strict),
        tests(
            of: "Doctor",
            uses: ["Observing", "ConfigLanguage", "ReloadModel", "TestSupport", "Unix"]),
        tests(
            of: "Runbook",
            uses: ["CAttributes", "Observing", "ReloadModel", "RuntimeAPI", "TestSupport", "Unix"]),
        tests(of: "Rollout", uses: ["Runbook", "RuntimeAPI", "TestSupport", "Unix"]),
        tests(of: "Demo", uses: ["TestSupport", "Polling", "Unix"]),
        .testTarget(
            name: "ReloadtopTests", dependencies: ["TestSupport", "Demo", "RuntimeAPI", "Unix"],
            swiftSettings: strict),
        .testTarget(
            name: "RulesSystemTests", dependencies: ["TestSupport", "Demo", "RuntimeAPI", "Unix"],
            swiftSettings: strict),
        .testTarget(
            name: "SystemTests", dependencies: ["TestSupport", "Demo", "RuntimeAPI", "Polling", "Unix"],
            swiftSettings: strict),
    ]
)
