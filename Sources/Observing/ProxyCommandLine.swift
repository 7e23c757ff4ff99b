// A HAProxy-style command line: which files it loads, where its admin socket is, and whether it asks for a master.

/// What the words of a proxy's command line say.
package struct ProxyCommandLine: Equatable, Sendable {
    /// `-f`: files and folders, in their order.
    package var configuration: [String] = []
    /// `-S`: as written, levels included.
    package var masterSocket: String?
    /// `-W` or `-Ws`.
    package var asksForMaster = false
    /// `-C`: the folder that the proxy changes to.
    package var folder: String?
    /// `-sf` or `-st`: the processes that it replaced, youngest first.
    package var replaced: [Int32] = []

    /// Options that take a value in the next word.
    private static let withValue: Set<String> = ["-n", "-m", "-N", "-L", "-p", "-x", "-dt", "-G"]

    package init(_ arguments: [String]) {
        var index = 1
        func next() -> String? {
            index += 1
            return index < arguments.count ? arguments[index] : nil
        }
        while index < arguments.count {
            let word = arguments[index]
            switch word {
            case "-f":
                if let file = next() { configuration.append(file) }
            case "-S": masterSocket = next()
            case "-C": folder = next()
            case "-W", "-Ws": asksForMaster = true
            case "-sf", "-st":
                while index + 1 < arguments.count, let pid = Int32(arguments[index + 1]) {
                    replaced.append(pid)
                    index += 1
                }
            case "--":
                configuration += arguments[(index + 1)...].filter { !$0.hasPrefix("[was:") }
                index = arguments.count
            case _ where Self.withValue.contains(word): index += 1
            default: break
            }
            index += 1
        }
    }
}
