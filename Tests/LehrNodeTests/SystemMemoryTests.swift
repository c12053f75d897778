import Testing

@testable import LehrNode

@Suite struct SystemMemoryTests {
    private static let machine = """
        MemTotal:       16318480 kB
        MemFree:         1318480 kB
        """
    private static let total = 16_318_480 << 10

    private func memory(_ limits: [String], machine: String = machine) -> SystemMemory? {
        SystemMemory(
            machine: machine, limits: limits.enumerated().map { ("file \($0)", $1) })
    }

    @Test func theSmallestLimitCounts() {
        #expect(memory([])?.bytes == Self.total)
        #expect(memory([])?.source == "/proc/meminfo")
        #expect(memory(["max\n"])?.bytes == Self.total)
        #expect(memory(["4294967296\n", "max\n", "2147483648\n"])?.bytes == 2 << 30)
        #expect(memory(["4294967296\n", "2147483648\n"])?.source == "file 1")
        // Version 1 says that there is no limit by a very large one.
        #expect(memory(["9223372036854771712\n"])?.bytes == Self.total)
        #expect(memory(["1073741824"], machine: "")?.bytes == 1 << 30)
    }

    @Test(arguments: [
        "", "MemTotal", "MemTotal:", "MemTotal: many kB", "MemTotal: 16 MB",
        "MemTotal: 99999999999999999999 kB", "MemTotal: 9223372036854775807 kB",
    ]) func aTextThatMakesNoSenseSaysNothing(text: String) {
        #expect(memory(["", "max", "-", "lots"], machine: text) == nil)
    }

    @Test func limitsOfAllGroupsAroundAreLookedAt() {
        #expect(
            SystemMemory.limitFiles(groups: "0::/system.slice/lehr.service\n") == [
                "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/system.slice/lehr.service/memory.max",
            ])
        #expect(
            SystemMemory.limitFiles(
                groups: "12:cpu,cpuacct:/a\n5:memory:/docker/0f:3\n1:name=systemd:/\n") == [
                    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                    "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                    "/sys/fs/cgroup/memory/docker/0f:3/memory.limit_in_bytes",
                ])
        #expect(SystemMemory.limitFiles(groups: "0::/\n") == ["/sys/fs/cgroup/memory.max"])
        // As from within a name space of groups.
        #expect(SystemMemory.limitFiles(groups: "0::/../..\n") == ["/sys/fs/cgroup/memory.max"])
        #expect(SystemMemory.limitFiles(groups: "").isEmpty)
        #expect(SystemMemory.limitFiles(groups: "0:\n::\n0:memory\n").isEmpty)
        let deep = "0::/" + String(repeating: "a/", count: 5000)
        #expect(SystemMemory.limitFiles(groups: deep).count == 33)
    }

    @Test func somethingIsLeftForTheRest() throws {
        for (bytes, tables) in [
            (100 << 30, 80 << 30), (1 << 30, 512 << 20), (256 << 20, 128 << 20),
        ] {
            #expect(try #require(memory(["\(bytes)"], machine: "")).tableBytes == tables)
        }
    }

    // MARK: - The setting

    private func config(
        _ flags: [String: String], memory: SystemMemory?
    ) -> (ShardConfig, ConfigReader) {
        var reader = ConfigReader(flags: flags, environment: [:], file: .none)
        let config = ShardConfig(&reader, memory: memory)
        return (config, reader)
    }

    @Test func byDefaultTablesTakeWhatTheyMay() throws {
        let (config, reader) = config(["cores": "4"], memory: memory(["10737418240"]))
        #expect(config.tableMemoryBytes == 8 << 30 && config.tableMemoryBytesPerCore == 2 << 30)
        let entry = try #require(reader.entries.first { $0.key == "table-memory" })
        #expect(entry == .init(key: "table-memory", value: "8192MiB", source: .standard))
        let (unknown, _) = self.config([:], memory: nil)
        #expect(unknown.tableMemoryBytes == 1 << 30)
    }

    @Test func lessThanCoresNeedIsRefused() throws {
        let given = config(["cores": "4", "table-memory": "32MiB"], memory: nil)
        #expect(given.1.problems.isEmpty && given.0.tableMemoryBytesPerCore == 8 << 20)
        for text in ["31MiB", "0", "much"] {
            let (_, reader) = config(["cores": "4", "table-memory": text], memory: nil)
            #expect(
                reader.problems == [
                    "table-memory: expected a size of at least 32MiB (8MiB for each of --cores), "
                        + "such as 512MiB, found \"\(text)\" (flag)"
                ])
        }
        let small = config([:], memory: memory(["10000000"]))
        #expect(small.1.problems.first?.contains("found \"4MiB\" (default)") == true)
    }
}
