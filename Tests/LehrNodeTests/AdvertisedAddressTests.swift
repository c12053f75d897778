import LehrReactor
import Testing

@testable import LehrNode

@Suite struct AdvertisedAddressTests {
    @Test(
        arguments: [
            ("shard-0", "shard-0:7201"), ("shard-0.lehr.svc:9000", "shard-0.lehr.svc:9001"),
            ("10.0.0.5", "10.0.0.5:7201"), ("[::1]:9000", "[::1]:9001"), ("[::1]", "[::1]:7201"),
            ("fd00::1", "[fd00::1]:7201"), ("fe80::1%eth0", "[fe80::1%eth0]:7201"),
        ])
    func aCoreIsReachedByItWithAPortOfItsOwn(text: String, address: String) throws {
        let advertised = try #require(AdvertisedAddress(text))
        #expect(advertised.ofCore(1, bound: "0.0.0.0:7201") == address)
        #expect(advertised.ofCore(1, bound: "[::]:7201") == address)
    }

    @Test func aDoorKeepsItsPort() throws {
        let advertised = try #require(AdvertisedAddress("[fd00::1]:9000"))
        #expect(advertised.ofDoor(bound: "[::]:7280") == "[fd00::1]:7280")
    }

    @Test(arguments: [
        "", ":", ":80", "a:", "a:0", "a:65536", "[::1", "::1]", "[]", "[]:1", "a b", "a/b", "a\n",
        "0.0.0.0", "0.0.0.0:7200", "[::]:7200", "::", "*", "http://a", "a:b", "\u{e9}",
        String(repeating: "a", count: 254),
    ])
    func refusesWhatNobodyCouldConnectTo(text: String) {
        #expect(AdvertisedAddress(text) == nil)
    }

    // MARK: - The setting

    private func config(
        _ flags: [String: String],
        _ processors: ProcessorShare = .init(
            processors: [0, 1], onlineCount: 2, quota: nil)
    ) -> (ShardConfig, ConfigReader) {
        var reader = ConfigReader(flags: flags, environment: [:], file: .none)
        let config = ShardConfig(&reader, memory: nil, processors: processors)
        return (config, reader)
    }

    @Test(arguments: ["0.0.0.0:7200", "[::]:7200"])
    func aShardThatListensEverywhereSaysWhereItIs(listen: String) {
        let flags = ["listen": listen, "insecure": "true"]
        let problems = config(flags).1.problems
        #expect(problems.count == 1 && problems[0].contains("give --advertise HOST"))
        let (config, reader) = config(flags.merging(["advertise": "[::1]"]) { $1 })
        #expect(reader.problems.isEmpty && config.member.advertise?.host == "::1")
        #expect(self.config([:]).1.problems.isEmpty)
    }

    @Test func aWrongOneIsNamed() {
        let problems = config(["advertise": "http://shard"]).1.problems
        #expect(
            problems.count == 1 && problems[0].contains("advertise: expected HOST or HOST:PORT"))
    }

    @Test func everyCoreHasAPort() {
        let at = { ["advertise": "[::1]:65534", "cores": $0] }
        #expect(config(at("2")).1.problems.isEmpty)
        #expect(config(at("3")).1.problems.first?.contains("no 3 ports from 65534 on") == true)
    }

    // MARK: - Cores

    @Test func coresFollowTheLimitOfProcessors() {
        let share = { ProcessorShare(processors: [0, 1, 2, 3], onlineCount: $0, quota: $1) }
        #expect(config([:], share(4, nil)).0.cores == 1)
        #expect(config([:], share(4, 3.5)).0.cores == 3)
        #expect(config([:], share(4, 0.5)).0.cores == 1)
        #expect(config([:], share(8, nil)).0.cores == 4)
        #expect(config(["cores": "2"], share(8, 8)).0.cores == 2)
    }
}
