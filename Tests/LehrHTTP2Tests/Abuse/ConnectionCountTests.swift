import Glibc
import LehrCore
import LehrRPC
import Testing

@testable import LehrHTTP2

/// More connections than a server takes, of everybody and of one address, or than have to say.
@Suite struct ConnectionCountTests {
    /// A connection to the port of `127.0.0.1`; made by the kernel, whoever accepts it.
    private static func connect(to address: String) throws -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        target.sin_port = try HostPort(address).port.bigEndian
        let status = withUnsafePointer(to: target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0 || errno == EINPROGRESS)
        return descriptor
    }

    private static func isClosed(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK))
        return count == 0 || count < 0 && errno == ECONNRESET
    }

    @Test(arguments: [RPCLimit.connections, .connectionsPerPeer])
    func connectionsBeyondTheLimitAreClosed(limit: RPCLimit) throws {
        var limits = RPCLimits()
        if limit == .connections {
            limits.connectionsMax = 2
        } else {
            limits.connectionsPerPeerMax = 2
        }
        try Scene.run(on: .sockets) { scene in
            let (transport, address) = try scene.serve(ServiceTable(), limits: limits)
            let server = try #require(transport as? HTTP2Transport)
            var told: [RPCLimit] = []
            server.onSurplusPeer = { peer, limit in
                #expect(peer.hasPrefix("127.0.0.1:"))
                told.append(limit)
            }
            var peers = try (0..<3).map { _ in try Self.connect(to: address) }
            scene.once {
                server.counters[limit] == 1 && peers.contains { Self.isClosed($0) }
            } _: {
                #expect(peers.count { Self.isClosed($0) } == 1)
                #expect(server.counters.connectionsAccepted == 2 && told == [limit])
                // Who leaves makes room.
                for peer in peers { close(peer) }
                scene.once {
                    server.counters.connectionsOpen == 0
                } _: {
                    peers = (try? Self.connect(to: address)).map { [$0] } ?? []
                    scene.once {
                        server.counters.connectionsAccepted == 3
                    } _: {
                        #expect(server.counters[limit] == 1)
                        // By a reset, if it had not read what the server said.
                        #expect(server.counters[.peer] + server.counters[.failed] == 2)
                        for peer in peers { close(peer) }
                        scene.finish()
                    }
                }
            }
        }
    }

    @Test func aConnectionThatSaysNothingIsClosedInTime() throws {
        var limits = RPCLimits()
        limits.prefaceTimeout = .milliseconds(80)
        try Scene.run(on: .sockets) { scene in
            let (transport, address) = try scene.serve(ServiceTable(), limits: limits)
            let server = try #require(transport as? HTTP2Transport)
            let start = scene.core.now
            let peer = try Self.connect(to: address)
            scene.once {
                server.counters.connectionsOpen == 0 && server.counters.connectionsAccepted == 1
            } _: {
                #expect(server.counters[.prefaceTime] == 1)
                #expect(scene.core.now - start >= .milliseconds(80))
                close(peer)
                scene.finish()
            }
        }
    }
}
