import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc
import NIOCore
import NIOPosix

// grpc-swift-server [--shared-thread]: an echo server on a free port of loopback, one event loop.
// Prints its address, and ends with its standard input.
//
// --shared-thread: async code runs on the event loop's thread too, instead of the global pool.

NIOSingletons.groupLoopCountSuggestion = 1
if CommandLine.arguments.contains("--shared-thread") {
    guard NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor()
    else {
        print("async code cannot run on the event loop's thread here")
        exit(1)
    }
}

let transport = HTTP2ServerTransport.Posix(
    address: .ipv4(host: "127.0.0.1", port: 0),
    transportSecurity: .plaintext,
    config: .defaults { config in
        // As Lehr's: its default of 64 KiB would make large messages wait for windows.
        config.http2.targetWindowSize = 16 << 20
        config.rpc.maxRequestPayloadSize = 64 << 20
    },
    eventLoopGroup: .singletonMultiThreadedEventLoopGroup)
let server = GRPCServer(transport: transport, services: [EchoService()])
try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await server.serve() }
    let address = try await transport.listeningAddress
    if let ipv4 = address.ipv4 {
        print("\(ipv4.host):\(ipv4.port)")
        fflush(nil)
    }
    endWithStandardInput()
    try await group.waitForAll()
}
