// Moves one direction's bytes from socket to socket until somebody would block: through the shared buffer, or
// inside the kernel where much is coming.

import Unix

/// Why moving stopped.
enum RelayStop {
    case sourceBlocked
    case sinkBlocked
    /// All of the body was read and written.
    case complete
    /// The source ended before its body did.
    case sourceEnded
    case sourceFailed
    case sinkFailed
    case invalid
    /// There is more, but others have waited.
    case yielded
}

struct Relay {
    let core: ProxyCore

    /// Rounds of one call, so that a fast pair does not starve the others.
    private static let mostRounds = 16

    /// What moved is added to `bytes`. Bytes after the body's end are kept in `surplus`.
    func move(
        _ flow: inout Flow, from source: Connection, to sink: Connection, bytes: inout Int,
        surplus: (UnsafeRawBufferPointer) -> Void
    ) -> RelayStop {
        var rounds = 0
        while true {
            if !flow.isFlushed, let stop = flush(&flow, to: sink, bytes: &bytes) { return stop }
            if flow.isComplete { return .complete }
            guard source.isReadable else { return .sourceBlocked }
            rounds += 1
            if rounds > Self.mostRounds { return .yielded }
            if flow.spliceable > 0, source.tls == nil, sink.tls == nil,
                let pipe = flow.pipe ?? core.pipes.take()
            {
                flow.pipe = pipe
                let limit = min(flow.spliceable, Pipe.capacity)
                switch source.splice(into: pipe, count: limit) {
                case .moved(let count):
                    flow.piped += count
                    flow.noteSpliced(count)
                    continue
                case .wouldBlock:
                    releasePipe(&flow)
                    return .sourceBlocked
                case .ended:
                    guard flow.endsWithSource else { return .sourceEnded }
                    flow.endSource()
                    continue
                case .failed: return .sourceFailed
                }
            }
            let buffer = core.readBuffer
            switch source.read(into: buffer) {
            case .moved(let count):
                flow.isBulk = count >= Flow.spliceThreshold
                guard let part = flow.take(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])) else {
                    return .invalid
                }
                if part.taken < count {
                    surplus(UnsafeRawBufferPointer(rebasing: buffer[part.taken..<count]))
                }
                if part.output > 0,
                    let stop = write(
                        UnsafeRawBufferPointer(rebasing: buffer[..<part.output]), &flow, to: sink,
                        bytes: &bytes)
                {
                    return stop
                }
            case .wouldBlock: return .sourceBlocked
            case .ended:
                guard flow.endsWithSource, flow.isTunnel || !source.wasCut else { return .sourceEnded }
                flow.endSource()
            case .failed: return .sourceFailed
            }
        }
    }

    /// Writes fresh bytes; what the sink does not take is kept.
    private func write(
        _ output: UnsafeRawBufferPointer, _ flow: inout Flow, to sink: Connection, bytes: inout Int
    ) -> RelayStop? {
        var written = 0
        while written < output.count {
            switch sink.write(UnsafeRawBufferPointer(rebasing: output[written...])) {
            case .moved(let count):
                written += count
                bytes += count
            case .wouldBlock, .ended:
                sink.isWritable = false
                let rest = core.takeBuffer()
                rest.append(UnsafeRawBufferPointer(rebasing: output[written...]))
                flow.pending = rest
                return .sinkBlocked
            case .failed: return .sinkFailed
            }
        }
        return nil
    }

    /// Writes what waits; nil when nothing is left.
    func flush(_ flow: inout Flow, to sink: Connection, bytes: inout Int) -> RelayStop? {
        guard sink.isWritable else { return .sinkBlocked }
        if let pending = flow.pending {
            while !pending.isEmpty {
                switch sink.write(pending.bytes) {
                case .moved(let count):
                    pending.drop(count)
                    bytes += count
                case .wouldBlock, .ended:
                    sink.isWritable = false
                    return .sinkBlocked
                case .failed: return .sinkFailed
                }
            }
            flow.pending = nil
            core.putBackBuffer(pending)
        }
        while flow.piped > 0, let pipe = flow.pipe {
            switch Socket.splice(from: pipe.readEnd, to: sink.descriptor, count: flow.piped, more: false) {
            case .moved(let count):
                flow.piped -= count
                bytes += count
                core.figures.splicedBytes += count
            case .wouldBlock, .ended:
                sink.isWritable = false
                return .sinkBlocked
            case .failed: return .sinkFailed
            }
        }
        return nil
    }

    /// A flow that waits for its source needs no pipe.
    private func releasePipe(_ flow: inout Flow) {
        guard flow.piped == 0, let pipe = flow.pipe else { return }
        flow.pipe = nil
        flow.isBulk = false
        core.pipes.putBack(pipe, isEmpty: true)
    }

    /// Gives back what a flow holds.
    func release(_ flow: inout Flow) {
        if let pending = flow.pending {
            flow.pending = nil
            core.putBackBuffer(pending)
        }
        if let pipe = flow.pipe {
            core.pipes.putBack(pipe, isEmpty: flow.piped == 0)
            flow.pipe = nil
            flow.piped = 0
        }
    }
}
