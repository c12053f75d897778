import Glibc
import LehrCore
import LehrRPC
import Testing

@testable import LehrReactor

@Suite struct SocketTests {
    @Test func betweenProcessesOfOneMachineTheQueueIsShort() throws {
        let reactor = try Reactor()
        var accepted: Socket?
        let listener = try Listener(at: HostPort("127.0.0.1:0"), on: reactor) {
            accepted = $0
            reactor.stop()
        }
        var connected: Socket?
        let connector = try Connector(
            to: HostPort(listener.address.description), on: reactor, timeout: .seconds(5)
        ) { connected = try? $0.get() }
        reactor.run()
        let socket = try #require(accepted)
        let before = Self.receiveBuffer(socket)
        socket.shortenLocalQueue()
        #expect(Self.receiveBuffer(socket) == 2 * Socket.localQueueBytes)
        #expect(before != 2 * Socket.localQueueBytes)
        listener.close()
        withExtendedLifetime((connector, connected)) {}
    }

    @Test func addressesOfOneHostDifferInTheirPortsAtMost() throws {
        func address(_ text: String) throws -> SocketAddress {
            try #require(try Resolver.resolve(HostPort(text), forListening: false).first)
        }
        let here = try address("127.0.0.1:1")
        #expect(here.isHost(of: try address("127.0.0.1:2")))
        #expect(!here.isHost(of: try address("127.0.0.2:1")))
        #expect(!here.isHost(of: try address("[::1]:1")))
    }

    private static func receiveBuffer(_ socket: Socket) -> Int32 {
        var (value, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        getsockopt(socket.descriptor, SOL_SOCKET, SO_RCVBUF, &value, &length)
        return value
    }
}
