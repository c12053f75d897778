import LehrRPC
import Testing

@Suite struct HostPortTests {
    @Test(
        arguments: [
            ("127.0.0.1:7001", "127.0.0.1", 7001), ("[::1]:0", "::1", 0),
            ("localhost:65535", "localhost", 65535),
        ] as [(String, String, UInt16)])
    func readsAndWrites(text: String, host: String, port: UInt16) throws {
        let address = try HostPort(text)
        #expect(address == HostPort(host: host, port: port))
        #expect(address.description == text)
    }

    @Test(arguments: [
        "", ":", "host", "host:", ":80", "::1:80", "host:65536", "host:-1", "host:+1", "[]:1",
        "host: 1", "[[]]:0", "[::1:7", "::1]:7", "a[b]:1",
    ])
    func refusesWhatIsNoAddress(text: String) {
        #expect(throws: RPCError.self) { try HostPort(text) }
    }
}
