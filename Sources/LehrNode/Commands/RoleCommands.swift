import ArgumentParser
import LehrCore
import LehrMembership
import LehrRPC
import LehrServing
import LehrWeb
import ServiceLifecycle

struct CoordinatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract: "Run the coordinator: leases, the cluster map, jobs.",
        discussion: settingsHelp)

    @OptionGroup var flags: NodeFlags

    @Option(name: .customLong("lease-ttl"), help: "How long a member lives without a heartbeat.")
    var leaseTTL: String?

    @Option(help: "How often members renew their lease; at most a third of the TTL.")
    var heartbeat: String?

    @Option(help: "The file of people's tokens; see `lehr tokens`.")
    var tokens: String?

    func run() async throws {
        var reader = try flags.reader([
            "lease-ttl": leaseTTL, "heartbeat": heartbeat, "tokens": tokens,
        ])
        let config = CoordinatorConfig(&reader)
        guard try proceed(&reader, flags) else { return }
        let runner = NodeRunner(config.common, role: "coordinator")
        let tls = try NodeTLS.load(config.common.tls, role: "coordinator", runner)
        let status = RoleStatus("the coordinator is starting")
        let role = CoordinatorRole(
            config, door: runner.door, status: status, metrics: NodeMetrics(runner.registry),
            security: tls?.security(coordinator: ""), logger: runner.logger)
        try await runner.run(
            role, common: config.common, status: status, services: tls.map { [$0] } ?? [])
    }
}

struct ShardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shard",
        abstract: "Run a shard: the rows of the model, split over its cores.",
        discussion: settingsHelp)

    @OptionGroup var flags: NodeFlags

    @OptionGroup var memberFlags: MemberFlags

    @Option(
        help: """
            Cores that own rows; core i listens on the port i above --listen's. By default as many \
            as the whole processors of the control group or the affinity, and 1 where neither \
            limits them.
            """)
    var cores: String?

    @Option(
        name: .customLong("table-memory"),
        help: """
            Memory for tables, such as 16GiB, shared evenly by the cores. By default the memory of \
            the control group or the machine, less a fifth and at least 512MiB; give several shards \
            on a machine their shares.
            """)
    var tableMemory: String?

    @Option(
        name: .customLong("hand-over"),
        help: """
            How long the shard moves what it owns to others after SIGTERM, as 30s; 0s: not at all. \
            What is left then is lost. It ends at once where no other shard is there.
            """)
    var handOver: String?

    func run() async throws {
        var reader = try flags.reader([
            "advertise": memberFlags.advertise, "cores": cores, "table-memory": tableMemory,
            "hand-over": handOver,
        ])
        let config = ShardConfig(&reader)
        guard try proceed(&reader, flags) else { return }
        let runner = NodeRunner(config.common, role: "shard")
        let tls = try NodeTLS.load(
            config.common.tls, role: "shard", name: config.member.name, runner)
        let status = RoleStatus("not in the cluster yet")
        let role = ShardRole(
            config, member: try member(config.member, .shard, status, runner, tls),
            door: runner.door, metrics: NodeMetrics(runner.registry),
            security: tls?.security(coordinator: config.member.coordinator), logger: runner.logger)
        try await runner.run(
            role, common: config.common, status: status, services: tls.map { [$0] } ?? [])
    }
}

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run a worker: it reads data, computes, pulls and pushes.",
        discussion: settingsHelp)

    @OptionGroup var flags: NodeFlags

    @OptionGroup var memberFlags: MemberFlags

    @Option(name: .customLong("block-cache"), help: "Memory for data files, such as 512MiB.")
    var blockCache: String?

    func run() async throws {
        var reader = try flags.reader([
            "advertise": memberFlags.advertise, "block-cache": blockCache,
        ])
        let config = WorkerConfig(&reader)
        guard try proceed(&reader, flags) else { return }
        let runner = NodeRunner(config.common, role: "worker")
        let tls = try NodeTLS.load(
            config.common.tls, role: "worker", name: config.member.name, runner)
        let status = RoleStatus("not in the cluster yet")
        let role = WorkerRole(
            config, member: try member(config.member, .worker, status, runner, tls),
            door: runner.door, metrics: NodeMetrics(runner.registry),
            security: tls?.security(coordinator: config.member.coordinator), logger: runner.logger)
        try await runner.run(
            role, common: config.common, status: status, services: tls.map { [$0] } ?? [])
    }
}

struct ServingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serving",
        abstract: "Serve exported models over HTTP.",
        discussion: """
            Models are found as MODEL_DIR/NAME/VERSION, the highest version of each; new versions \
            are picked up as they appear.

            """ + settingsHelp)

    @OptionGroup var flags: NodeFlags

    @OptionGroup var memberFlags: MemberFlags

    @Option(name: .customLong("model-dir"), help: "The directory that `lehr export` writes to.")
    var modelDir: String?

    func run() async throws {
        var reader = try flags.reader(["advertise": memberFlags.advertise, "model-dir": modelDir])
        let config = ServingConfig(&reader)
        guard try proceed(&reader, flags) else { return }
        let runner = NodeRunner(config.common, role: "serving")
        let tls = try NodeTLS.load(
            config.common.tls, role: "serving", name: config.member.name, runner)
        let status = RoleStatus("not in the cluster yet")
        let catalog = ModelCatalog()
        // Serving does not need the cluster to answer.
        let readiness = { @Sendable in catalog.snapshot.readiness }
        let role = ServingRole(
            config.common, member: try member(config.member, .serving, status, runner, tls),
            door: runner.door, metrics: NodeMetrics(runner.registry),
            security: tls?.security(coordinator: config.member.coordinator), logger: runner.logger,
            readiness: readiness)
        let watcher = ModelWatcher(
            directory: ModelDirectory(root: config.modelDir, files: LocalFileSystem()),
            catalog: catalog, metrics: runner.registry, logger: runner.logger)
        try await runner.run(
            role, common: config.common, status: status,
            routes: ServingRoutes(catalog: catalog, metrics: runner.registry).routes,
            readiness: readiness, services: [watcher] + (tls.map { [$0] } ?? []))
    }
}

private let settingsHelp = """
    Every setting can be given as a flag, as LEHR_NAME in the environment (LEHR_HTTP_LISTEN for \
    --http-listen) or as `name: value` in the --config file; a flag wins over the environment, \
    that over the file, and that over the default.
    """

/// Reports the problems of a configuration; false when it was only to be printed.
private func proceed(_ reader: inout ConfigReader, _ flags: NodeFlags) throws -> Bool {
    try reader.finish()
    guard flags.printConfig else { return true }
    var table = TextTable([("setting", .left), ("value", .left), ("from", .left)])
    for entry in reader.entries {
        table.add([entry.key, entry.value.isEmpty ? "-" : entry.value, "\(entry.source)"])
    }
    print(table.text)
    return false
}

private func member(
    _ config: MemberConfig, _ role: Role, _ status: RoleStatus, _ runner: NodeRunner,
    _ tls: NodeTLS?
) throws -> MemberHost {
    var config = config
    // A member bears the name that its certificate gives it.
    if let tls { config.name = tls.identity.name }
    return MemberHost(
        config: config,
        identity: try MemberIdentity.load(config, role: role, files: LocalFileSystem()),
        role: role, status: status, fatal: FatalSignal(), logger: runner.logger)
}
