// What all channels of a loop share: one transport for OpenSSL, and the memory in which records are made, so that a
// channel that is silent holds nothing of its own.
//
// OpenSSL asks this transport for bytes of the channel that is at work, and gives it records, which are collected and
// sent together: several records are one call of the kernel.

import COpenSSL
import Glibc
import Unix

/// Shared by the channels of one loop.
package final class TLSWorkspace {
    /// The channel whose turn it is.
    unowned(unsafe) var current: TLSChannel?
    private(set) var output: UnsafeMutableRawPointer
    private(set) var count = 0
    private var capacity = 80 << 10
    let transport: OpaquePointer
    private let method: OpaquePointer

    package init() throws(TLSFault) {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "loop") else {
            throw .ofOpenSSL("no memory")
        }
        self.method = method
        BIO_meth_set_read(method) { transport, bytes, count in
            guard let transport, let bytes else { return -1 }
            copenssl_clear_retry(transport)
            guard let channel = TLSWorkspace.at(transport)?.current else { return -1 }
            switch channel.receive(UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))) {
            case .moved(let count): return Int32(count)
            case .ended: return 0
            case .wouldBlock:
                copenssl_set_retry_read(transport)
                return -1
            case .failed: return -1
            }
        }
        BIO_meth_set_write(method) { transport, bytes, count in
            guard let transport, let bytes, let workspace = TLSWorkspace.at(transport) else { return -1 }
            copenssl_clear_retry(transport)
            workspace.collect(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            return count
        }
        BIO_meth_set_ctrl(method) { transport, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH: 1
            case BIO_CTRL_EOF: TLSWorkspace.at(transport)?.current?.transportEnded == true ? 1 : 0
            default: 0
            }
        }
        guard let transport = BIO_new(method) else {
            BIO_meth_free(method)
            throw .ofOpenSSL("no memory")
        }
        self.transport = transport
        output = .allocate(byteCount: capacity, alignment: 64)
        BIO_set_data(transport, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(transport, 1)
    }

    deinit {
        BIO_free(transport)
        BIO_meth_free(method)
        output.deallocate()
    }

    private static func at(_ transport: OpaquePointer?) -> TLSWorkspace? {
        BIO_get_data(transport).map { Unmanaged<TLSWorkspace>.fromOpaque($0).takeUnretainedValue() }
    }

    private func collect(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        if count + bytes.count > capacity {
            capacity = max(2 * capacity, count + bytes.count)
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
            memcpy(larger, output, count)
            output.deallocate()
            output = larger
        }
        memcpy(output + count, source, bytes.count)
        count += bytes.count
    }

    /// Forgets what a call that failed has left.
    func discardOutput() {
        count = 0
    }

    /// The records that were made since the last time; gone with the next call of OpenSSL.
    func takeOutput() -> UnsafeRawBufferPointer {
        defer { count = 0 }
        return UnsafeRawBufferPointer(start: output, count: count)
    }
}
