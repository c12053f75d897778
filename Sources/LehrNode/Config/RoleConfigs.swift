import LehrMembership
import LehrRPC
import LehrReactor
import LehrTLS
import Logging

/// Settings that every role has.
struct CommonConfig {
    let listen: String
    let httpListen: String
    let logLevel: Logger.Level
    let logFormat: LogFormat
    /// What calls in flight have left when the process is to end.
    let drain: Duration
    /// How cores wait for events.
    let poll: PollMode
    let tls: TLSConfig

    static let logLevels = ["trace", "debug", "info", "notice", "warning", "error"]

    init(_ reader: inout ConfigReader, listen: String, httpListen: String) {
        self.listen = reader.address("listen", default: listen)
        self.httpListen = reader.address("http-listen", default: httpListen)
        let level = reader.choice("log-level", of: Self.logLevels, default: "info")
        logLevel = Logger.Level(rawValue: level) ?? .info
        let format = reader.choice(
            "log-format", of: LogFormat.allCases.map(\.rawValue), default: LogFormat.auto.rawValue)
        logFormat = LogFormat(rawValue: format) ?? .auto
        drain = reader.duration("drain", in: .zero ... .seconds(600), default: "5s")
        let mode = reader.choice(
            "poll", of: PollMode.allCases.map(\.rawValue), default: PollMode.adaptive.rawValue)
        poll = PollMode(rawValue: mode) ?? .adaptive
        tls = TLSConfig(&reader, listen: self.listen)
    }
}

/// Settings of a role that is a member of the cluster.
struct MemberConfig {
    let coordinator: String
    /// Empty: one is made up.
    var name: String
    /// Empty: nothing is kept.
    let stateDir: String
    /// nil: others reach it where it listens.
    let advertise: AdvertisedAddress?

    init(_ reader: inout ConfigReader) {
        coordinator = reader.address("coordinator", default: "127.0.0.1:7100")
        name = reader.text("name", default: "")
        stateDir = reader.text("state-dir", default: "")
        advertise = reader.advertisedAddress("advertise")
    }
}

struct CoordinatorConfig {
    let common: CommonConfig
    let stateDir: String
    /// The file of people's tokens; empty: none are taken.
    let tokens: String
    let terms: LeaseTerms

    init(_ reader: inout ConfigReader) {
        common = CommonConfig(
            &reader, listen: "127.0.0.1:7100", httpListen: "127.0.0.1:7180")
        stateDir = reader.text("state-dir", default: "lehr-state/coordinator")
        tokens = reader.text("tokens", default: "")
        if !tokens.isEmpty, common.tls.files != nil, common.tls.clients == .required {
            reader.note(
                "tokens: whoever shows one has no certificate, and without one nobody is let in; "
                    + "give --tls-clients optional")
        }
        let ttl = reader.duration("lease-ttl", in: .seconds(2) ... .seconds(3600), default: "10s")
        let heartbeat = reader.duration(
            "heartbeat", in: .milliseconds(100) ... .seconds(1200), default: "3s")
        // A lease must survive at least one lost heartbeat.
        terms = LeaseTerms(ttl: ttl, heartbeat: min(heartbeat, ttl / 3))
    }
}

struct ShardConfig {
    let common: CommonConfig
    let member: MemberConfig
    let cores: Int
    /// Bytes of the tables of all cores; each has its even share.
    let tableMemoryBytes: Int
    /// How long it hands over what it owns, when it is to end.
    let handOver: Duration

    private static let coresMax = 1024
    /// A page for rows, one for an index, and as many again for other tables and shapes.
    private static let bytesPerCoreMin = 8 << 20

    /// - Parameters:
    ///   - memory: of this process; nil: not known.
    ///   - processors: of this process.
    init(
        _ reader: inout ConfigReader, memory: SystemMemory? = .current(),
        processors: ProcessorShare = .current()
    ) {
        common = CommonConfig(
            &reader, listen: "127.0.0.1:7200", httpListen: "127.0.0.1:7280")
        member = MemberConfig(&reader)
        // Without a limit it shares the machine, and one core is what it can be sure to have.
        cores = reader.integer(
            "cores", in: 1...Self.coresMax,
            default: min(processors.wholeProcessors ?? 1, Self.coresMax))
        if member.advertise == nil, let address = try? HostPort(common.listen),
            AdvertisedAddress.isEveryAddress(address.host)
        {
            reader.note(
                "advertise: \(common.listen) is every address of this machine, and none by which "
                    + "others could reach it; give --advertise HOST")
        }
        if let port = member.advertise?.port, Int(port) + cores - 1 > Int(UInt16.max) {
            reader.note(
                "advertise: there are no \(cores) ports from \(port) on, one for each core; "
                    + "the last is \(UInt16.max)")
        }
        tableMemoryBytes = reader.bytes(
            "table-memory", atLeast: cores * Self.bytesPerCoreMin,
            "\(Self.bytesPerCoreMin >> 20)MiB for each of --cores",
            default: memory.map { "\($0.tableBytes >> 20)MiB" } ?? "1GiB")
        handOver = reader.duration("hand-over", in: .zero ... .seconds(86_400), default: "30s")
    }

    var tableMemoryBytesPerCore: Int { tableMemoryBytes / cores }
}

struct WorkerConfig {
    let common: CommonConfig
    let member: MemberConfig
    let blockCacheBytes: Int

    init(_ reader: inout ConfigReader) {
        common = CommonConfig(
            &reader, listen: "127.0.0.1:0", httpListen: "127.0.0.1:7380")
        member = MemberConfig(&reader)
        blockCacheBytes = reader.bytes("block-cache", default: "512MiB")
    }
}

struct ServingConfig {
    let common: CommonConfig
    let member: MemberConfig
    let modelDir: String

    init(_ reader: inout ConfigReader) {
        common = CommonConfig(
            &reader, listen: "127.0.0.1:0", httpListen: "127.0.0.1:8501")
        member = MemberConfig(&reader)
        modelDir = reader.text("model-dir", default: "models")
    }
}
