// Log lines of all versions, from captures of HAProxy 2.6.12 and 3.5-dev5; 2.4's wording by hand.

import ReloadModel
import Testing

@Suite struct LogWordingTests {
    @Test(arguments: [
        ("[NOTICE]   (2364) : Reloading HAProxy", ProxyLine.Meaning.reloading, LogLine.Severity.info),
        ("[WARNING] 326/103338 (2364) : Reexecuting Master process", .reloading, .info),
        ("[NOTICE]   (2364) : New worker (2384) forked", .workerStarted(pid: 2384), .info),
        ("[NOTICE] 326/103338 (2364) : New worker #1 (2384) forked", .workerStarted(pid: 2384), .info),
        ("[NOTICE]   (2869) : Initializing new worker (2872)", .workerStarted(pid: 2872), .info),
        ("[NOTICE]   (2364) : Loading success.", .loaded, .info),
        ("[WARNING]  (2364) : Loading failure!", .loadFailed, .critical),
        (
            "[WARNING]  (2869) : Failed to load worker (2895) exited with code 1 (Exit)", .loadFailed,
            .critical
        ),
        (
            "[WARNING]  (2364) : Former worker (2367) exited with code 0 (Exit)",
            .formerWorkerExited(pid: 2367, code: 0), .info
        ),
        (
            "[ALERT] 326/103338 (2364) : Former worker #1 (2367) exited with code 137 (Killed)",
            .formerWorkerExited(pid: 2367, code: 137), .warning
        ),
        (
            "[ALERT]    (2364) : Current worker (2452) exited with code 137 (Killed)",
            .currentWorkerExited(pid: 2452, code: 137), .critical
        ),
        (
            "[WARNING]  (2367) : Proxy fe_main hard-stopped (5 remaining conns will be closed).",
            .hardStop(remaining: 5), .warning
        ),
        (
            "[WARNING]  (2367) : soft-stop running for too long, performing a hard-stop.",
            .hardStop(remaining: nil), .warning
        ),
        ("[ALERT]    (2367) : backend 'be_empty' has no server available!", .other, .critical),
        ("127.0.0.1:4 [22/Nov/2026:10:33:38.1] fe be/s1 0/0/0/1/1 200", .other, .info),
        ("", .other, .info),
    ])
    func theMeaningIsTheSameInEveryVersion(
        line: String, meaning: ProxyLine.Meaning, severity: LogLine.Severity
    ) {
        let parsed = ProxyLine(line)
        #expect(parsed.meaning == meaning)
        #expect(parsed.severity == severity)
    }

    @Test func aLineIsTakenApart() {
        let line = ProxyLine(
            "[ALERT]    (2895) : config : parsing [/srv/lb/main.cfg:10] : unknown proxy mode 'x'.")
        #expect(line.pid == 2895)
        #expect(line.isAlert)
        #expect(line.text == "config : parsing [/srv/lb/main.cfg:10] : unknown proxy mode 'x'.")
    }

    @Test func controlCharactersStayData() {
        #expect(ProxyLine("[ALERT]    (1) : a\u{1b}[2Jb").text == "a\u{1b}[2Jb")
    }

    @Test func theReasonIsTheFirstErrorThatNamesACause() {
        let lines = [
            "[NOTICE]   (2364) : Reloading HAProxy",
            "[ALERT]    (2364) : config : parsing [/srv/lb/main.cfg:10] : unknown proxy mode 'htttp'.",
            "[ALERT]    (2364) : config : parsing [/srv/lb/main.cfg:38] : unknown keyword 'balanse' in "
                + "'backend' section; did you mean 'balance' maybe ?",
            "[ALERT]    (2364) : config : Error(s) found in configuration file : /srv/lb/main.cfg",
            "[ALERT]    (2364) : config : Fatal errors found in configuration.",
        ]
        #expect(
            FailureReason.first(in: lines) == "main.cfg:10: unknown proxy mode 'htttp'. (and 1 more error)")
        #expect(FailureReason.first(in: ["[WARNING]  (2364) : Loading failure!"]) == nil)
    }

    @Test func aTakenPortIsAReason() {
        let line =
            "[ALERT]    (2364) : Binding [/srv/lb/main.cfg:22] for frontend fe_main: cannot bind socket "
            + "(Address already in use) for [127.0.0.1:18999]"
        #expect(
            FailureReason.first(in: [line])
                == "main.cfg:22: for frontend fe_main: cannot bind socket (Address already in use) for "
                + "[127.0.0.1:18999]")
    }
}
