// The listening sockets of a worker that starts: from its master, from the process before it (`-x`), or bound anew; with
// their names at the very end. All or nothing: a start that fails has taken nothing from whoever serves.

import ConfigLanguage
import Glibc
import Handover
import Proxying
import Unix

extension WorkerProcess {
    /// Takes what was inherited and binds the rest: all or nothing.
    func bind(
        _ configuration: Configuration, tls: TLSMaterial?, _ inheritance: Inheritance?
    ) throws -> ProxyCore {
        var inherited = inheritance?.listeners ?? [:]
        given = Set(inherited.keys)
        let report = report
        let isFirst = inheritance.map { $0.assignment.processNumber == 1 && given.isEmpty } ?? true
        if isFirst {
            predecessors = options.predecessors
            warnOfQueues()
        }
        let taken = isFirst ? try takeSockets() : [:]
        for (key, number) in taken { inherited[ListenerKey(key)] = number }
        defer {
            // Nobody serves these any more here: older workers still do.
            for number in inherited.values { _ = Descriptor(owning: number) }
        }
        do throws(BindFailures) {
            return try ProxyCore(
                configuration: configuration, tls: tls, loop: loop,
                inherited: { inherited.removeValue(forKey: ListenerKey($0)) },
                neighbours: Array(inherited.values), sharesPorts: sharesPorts(configuration),
                // Those that have given their sockets listen on the same ones: pausing them would pause these.
                asksToLetGo: { [unowned self] in
                    taken.isEmpty && (predecessors.letGo() || (isFirst && awaitPort()))
                },
                report: { severity, text in
                    switch severity {
                    case .alert: report.say(.alert, text)
                    case .warning: report.say(.warning, text)
                    case .notice: report.say(.notice, text)
                    }
                })
        } catch {
            predecessors.takeBack()
            for failure in error.failures {
                report.say(.alert, failure.description + (holder(of: failure).map { ": \($0) has it" } ?? ""))
            }
            report.say(
                .alert, "[\(options.path).main()] Some protocols failed to start their listeners! Exiting.")
            throw LoadFailure(exitCode: 1)
        }
    }

    /// Who has the address that could not be bound: neither this process nor its master and the master's other workers.
    private func holder(of failure: BindFailure) -> String? {
        guard failure.reason.contains(SystemText.of(.addressInUse)), let place = failure.place else {
            return nil
        }
        return ListenerHolder.all(at: place, except: Self.family).first.map {
            "\($0.program) (pid \($0.pid))"
        }
    }

    private static var family: Set<pid_t> {
        let master = getppid()
        let workers = (try? File.readText("/proc/\(master)/task/\(master)/children")) ?? ""
        return Set(workers.split(separator: " ").compactMap { pid_t($0) } + [getpid(), master])
    }

    /// The best known loss of a replacement, told to whoever starts one.
    private func warnOfQueues() {
        guard !predecessors.pids.isEmpty, options.socketSource == nil else { return }
        report.say(
            .warning,
            "'\(predecessors.farewell.option)' without '-x': what waits in the old process's queues when it closes is "
                + "reset. Give its 'stats socket' 'expose-fd listeners', and start with '-x SOCKET' before "
                + "'\(predecessors.farewell.option)' ('-x /dev/null': no warning).")
    }

    /// A master that was killed leaves workers which let go of its ports a moment later: whoever restarted it does not wait
    /// for that. False: nobody does.
    private func awaitPort() -> Bool {
        guard link != nil, predecessors.pids.isEmpty, Instant.now() < bindPatience else { return false }
        poll(nil, 0, 10)
        return true
    }

    /// This start has come to nothing after its bind: the ports are free for those that had let go of them.
    func giveBack(_ core: ProxyCore) {
        for socket in core.sockets { socket.close() }
        predecessors.takeBack()
    }

    /// `-x`. A master goes on without them, as HAProxy's does; `/dev/null` is HAProxy's word for no process at all.
    private func takeSockets() throws(LoadFailure) -> [String: Int32] {
        guard let source = options.socketSource, source != "/dev/null" else { return [:] }
        do throws(TakenSockets.Failure) {
            return try TakenSockets(from: source).sockets
        } catch {
            let rest = link == nil ? "the old process has not noticed" : "its sockets are bound anew"
            // A process that gives nothing closes the connection without a word.
            let mend =
                error.text.hasPrefix("Failed to get the number")
                ? " (it gives them at a 'stats socket' with 'expose-fd listeners' only)" : ""
            report.say(.warning, "\(error.text)\(mend); \(rest)")
            report.say(.alert, "Failed to get the sockets from the old process!")
            if link == nil { throw LoadFailure(exitCode: 1) }
            return [:]
        }
    }

    private func sharesPorts(_ configuration: Configuration) -> Bool {
        if options.sharesNoPorts || !configuration.global.sharesPorts { return false }
        return link == nil || !predecessors.pids.isEmpty
    }

    /// Unix sockets get their names: the last step before privileges are given up, so that a load that failed
    /// has replaced nothing.
    func publish(_ core: ProxyCore) throws(LoadFailure) {
        for socket in core.sockets {
            do throws(Errno) {
                if try !socket.publish() {
                    report.say(
                        .warning,
                        "Binding [\(socket.position)]: another file stands at [\(socket.address)] by now, "
                            + "its mode and owner stay as they are")
                }
            } catch {
                let text = "cannot give the socket its name (\(error)) for [\(socket.address)]"
                report.say(.alert, "Binding [\(socket.position)]: \(text)")
                throw LoadFailure(exitCode: 1)
            }
        }
    }
}
