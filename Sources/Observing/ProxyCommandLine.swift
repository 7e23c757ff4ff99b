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
    /// The words that decide what a load makes of its files: `-f`, `-C`, `-L`, limits and debug flags, as written.
    package var loading: [String] = []

    /// Options with a value that change what a load does.
    private static let loadingWithValue: Set<String> = ["-n", "-N", "-m", "-L"]
    /// Options that take a value in the next word.
    private static let withValue: Set<String> = ["-p", "-x", "-dt", "-G"]

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
                if let file = next() {
                    configuration.append(file)
                    loading += ["-f", file]
                }
            case "-S": masterSocket = next()
            case "-C":
                folder = next()
                if let folder { loading += ["-C", folder] }
            case "-W", "-Ws": asksForMaster = true
            case "-sf", "-st":
                while index + 1 < arguments.count, let pid = Int32(arguments[index + 1]) {
                    replaced.append(pid)
                    index += 1
                }
            case "--":
                let files = arguments[(index + 1)...].filter { !$0.hasPrefix("[was:") }
                configuration += files
                loading += files.flatMap { ["-f", $0] }
                index = arguments.count
            case _ where Self.loadingWithValue.contains(word):
                if let value = next() { loading += [word, value] }
            // `-dM`, `-dr` … but neither `-d`, which stays in the foreground, nor `-db` and `-dt PID`.
            case _ where word.hasPrefix("-d") && word.count > 2 && word != "-db" && word != "-dt":
                loading.append(word)
            case _ where Self.withValue.contains(word): index += 1
            default: break
            }
            index += 1
        }
    }
}
