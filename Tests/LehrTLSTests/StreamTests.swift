import COpenSSL
import Glibc
import LehrCore
import LehrRPC
import LehrReactor
import LehrTestSupport
import Testing

@testable import LehrTLS

/// What becomes of bytes between two streams, without a reactor.
@Suite struct StreamTests {
    /// Two streams on a pair of sockets, with a test's own pipe between them.
    private final class Pair {
        let client: TLSStream
        let server: TLSStream
        /// The far ends of the two streams' sockets.
        private let clientWire: Int32
        private let serverWire: Int32

        /// Whatever a socket's buffer holds at most; small ones make partial writes.
        init(sendBuffer: Int32? = nil) throws {
            let authority = try TestAuthority()
            let shard = try Files(
                authority.issue(["URI:lehr://c/shard/s"]), trusting: authority
            ).store().current
            let worker = try Files(
                authority.issue(["URI:lehr://c/worker/w"]), trusting: authority
            ).store().current
            let (near, far) = try Self.sockets(sendBuffer)
            let (near2, far2) = try Self.sockets(sendBuffer)
            (clientWire, serverWire) = (far, far2)
            let workspace = try TLSWorkspace()
            client = try TLSStream(
                Socket(near), worker.client, workspace,
                PeerCheck(
                    HostPort(host: "x", port: 1), .init(roles: ["shard"]), cluster: "c"))
            server = try TLSStream(
                Socket(near2), #require(shard.server), workspace, PeerCheck(clientsOf: "c"))
        }

        deinit {
            close(clientWire)
            close(serverWire)
        }

        private static func sockets(_ sendBuffer: Int32?) throws -> (Int32, Int32) {
            var pair: [Int32] = [-1, -1]
            let kind = Int32(
                SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            try #require(socketpair(AF_UNIX, kind, 0, &pair) == 0)
            if var size = sendBuffer {
                setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, 4)
            }
            return (pair[0], pair[1])
        }

        /// Carries at most `count` bytes each way; returns how many it carried.
        @discardableResult
        func carry(_ count: Int = 1 << 20) -> Int {
            carry(count, from: clientWire, to: serverWire)
                + carry(count, from: serverWire, to: clientWire)
        }

        private func carry(_ count: Int, from source: Int32, to target: Int32) -> Int {
            var buffer = [UInt8](repeating: 0, count: min(count, 4096))
            var done = 0
            while done < count {
                let got = recv(source, &buffer, min(buffer.count, count - done), 0)
                guard got > 0 else { break }
                guard send(target, buffer, got, Int32(MSG_NOSIGNAL)) == got else { break }
                done += got
            }
            return done
        }

        /// Bytes that the client has sent and the server has not received.
        func serverBacklog() -> Int {
            _ = carry(1 << 20, from: clientWire, to: serverWire)
            var count: Int32 = 0
            _ = withUnsafeMutablePointer(to: &count) {
                ioctl(server.descriptor, UInt(FIONREAD), $0)
            }
            return Int(count)
        }

        /// Shakes hands, `count` bytes at a time.
        func establish(_ count: Int = 1 << 20) throws {
            var (clientDone, serverDone) = (false, false)
            for _ in 0..<100_000 where !(clientDone && serverDone) {
                if !clientDone { clientDone = try step(client) }
                if !serverDone { serverDone = try step(server) }
                carry(count)
            }
            try #require(clientDone && serverDone, "the handshake did not finish")
        }

        private func step(_ stream: TLSStream) throws -> Bool {
            switch stream.shakeHands() {
            case .established: return true
            case .wouldBlock: return false
            case .failed(let reason):
                Issue.record("\(reason)")
                throw TLSError(reason)
            }
        }
    }

    private func read(_ stream: TLSStream, _ count: Int = 65536) -> (bytes: [UInt8], Transfer) {
        var buffer = [UInt8](repeating: 0, count: count)
        let transfer = buffer.withUnsafeMutableBytes { stream.read(into: $0) }
        guard case .bytes(let count) = transfer else { return ([], transfer) }
        return (Array(buffer.prefix(count)), transfer)
    }

    @Test(arguments: [1, 2, 7, 1000])
    func aHandshakeMayComeInPieces(bytes: Int) throws {
        let pair = try Pair()
        try pair.establish(bytes)
        #expect(pair.server.check.identity?.name == "w")
        #expect(pair.client.check.identity?.name == "s")
        let message = [UInt8]("hello".utf8)
        #expect(message.withUnsafeBytes { pair.client.write($0) } == .bytes(5))
        var received: [UInt8] = []
        while pair.carry(bytes) > 0 { received += read(pair.server).bytes }
        #expect(received == message)
    }

    /// Whatever sizes are written, read and carried, the same bytes come out.
    @Test func whatGoesInComesOut() throws {
        var random = RandomSource(seed: 41)
        let pair = try Pair(sendBuffer: 4096)
        try pair.establish()
        var sent = [UInt8](repeating: 0, count: 600_000)
        for index in sent.indices { sent[index] = UInt8(random.below(256)) }
        var (written, partial, blocked) = (0, 0, 0)
        var received: [UInt8] = []
        while received.count < sent.count {
            let count = min(1 + Int(random.below(200_000)), sent.count - written)
            // A writer comes back with what was not taken, and perhaps more.
            if count > 0 {
                let part = sent[written..<written + count]
                switch part.withUnsafeBytes({ pair.client.write($0) }) {
                case .bytes(let taken):
                    written += taken
                    if taken < count { partial += 1 }
                case .wouldBlock: blocked += 1
                case let failure:
                    Issue.record("\(failure)")
                    return
                }
            }
            pair.carry(1 + Int(random.below(50_000)))
            var (bytes, transfer) = read(pair.server, 1 + Int(random.below(100_000)))
            received += bytes
            while pair.server.hasUnread, case .bytes = transfer {
                (bytes, transfer) = read(pair.server, 1 + Int(random.below(5000)))
                received += bytes
            }
        }
        #expect(received == sent)
        #expect(partial > 0, "no write was cut short")
        #expect(blocked > 0, "no write was refused")
    }

    @Test func aReaderWithLittleRoomLosesNothing() throws {
        let pair = try Pair()
        try pair.establish()
        let message = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(message.withUnsafeBytes { pair.client.write($0) } == .bytes(40_000))
        pair.carry()
        var received: [UInt8] = []
        while received.count < message.count {
            let (bytes, transfer) = read(pair.server, 100)
            guard case .bytes = transfer else { break }
            received += bytes
            if received.count < message.count { #expect(pair.server.hasUnread) }
        }
        #expect(received == message)
        #expect(read(pair.server).1 == .wouldBlock)
        #expect(!pair.server.hasUnread)
    }

    @Test func anEndIsTold() throws {
        let pair = try Pair()
        try pair.establish()
        #expect([7].withUnsafeBytes { pair.client.write($0) } == .bytes(8))
        pair.client.endWriting()
        pair.carry()
        #expect(read(pair.server).bytes.count == 8)
        #expect(pair.server.hasUnread)
        #expect(read(pair.server).1 == .ended)
    }

    @Test func aDamagedRecordEndsTheStream() throws {
        let pair = try Pair()
        try pair.establish()
        let forged: [UInt8] = [0x17, 3, 3, 0, 32] + [UInt8](repeating: 9, count: 32)
        #expect(forged.withUnsafeBytes { pair.client.socket.write($0) } == .bytes(37))
        pair.carry()
        guard case .broken(let reason) = read(pair.server).1 else {
            Issue.record("a forged record was taken")
            return
        }
        #expect(reason.contains("TLS with the client failed"))
        pair.carry()
        guard case .broken = read(pair.client).1 else {
            Issue.record("the client was not told")
            return
        }
    }

    @Test func aPeerThatOnlyChangesKeysIsHungUpOn() throws {
        let pair = try Pair()
        try pair.establish()
        var outcome = Transfer.wouldBlock
        for round in 0..<20_000 where outcome == .wouldBlock {
            #expect(SSL_key_update(pair.client.ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
            #expect(SSL_do_handshake(pair.client.ssl) == 1)
            _ = pair.client.sendOutput()
            // It piles up, as with a peer that is faster than we.
            guard round % 100 == 0 else { continue }
            if pair.serverBacklog() > 60_000 { outcome = read(pair.server).1 }
        }
        #expect(outcome == .broken("the peer sends records without content"))
    }

    @Test func keysMayBeChanged() throws {
        let pair = try Pair()
        try pair.establish()
        #expect(SSL_key_update(pair.client.ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
        #expect([1].withUnsafeBytes { pair.client.write($0) } == .bytes(8))
        pair.carry()
        #expect(read(pair.server).bytes.count == 8)
        #expect([2].withUnsafeBytes { pair.server.write($0) } == .bytes(8))
        pair.carry()
        #expect(read(pair.client).bytes.count == 8)
    }
}
