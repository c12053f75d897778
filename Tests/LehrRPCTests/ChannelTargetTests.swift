import LehrRPC
import LehrWire
import Testing

@Suite struct ChannelTargetTests {
    private func address(_ host: String, _ port: UInt16) -> HostPort {
        HostPort(host: host, port: port)
    }

    @Test func itIsRead() throws {
        #expect(try ChannelTarget("a:1") == .fixed([address("a", 1)]))
        #expect(try ChannelTarget("static:a:1") == .fixed([address("a", 1)]))
        #expect(
            try ChannelTarget("static:a:1,[::1]:2,a:1")
                == .fixed([address("a", 1), address("::1", 2)]))
        #expect(try ChannelTarget("dns:a.b:1") == .name(address("a.b", 1)))
    }

    @Test(arguments: [
        "", "a", "static:", "static:a:1,", "static:a", "dns:", "dns:a", "dns:a:1,b:2", "http://a:1",
    ])
    func whatMakesNoSenseIsRefused(text: String) {
        let error = #expect(throws: RPCError.self) { try ChannelTarget(text) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func aListIsBounded() {
        let list = "static:" + (1...257).map { "a:\($0)" }.joined(separator: ",")
        #expect(throws: RPCError.self) { try ChannelTarget(list) }
    }
}
