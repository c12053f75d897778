import CLehrWire
import LehrCore
import LehrHTTP2
import LehrRPC
import LehrReactor
import LehrWire

/// Members of a cluster that do nothing but be members, on one reactor of the calling thread: each has
/// a connection of its own, joins, watches the map and renews its lease.
///
/// They do not read the map: that is their own machines' work, not the coordinator's.
struct MembersLoad {
    let members: Int
    /// Of what is measured once all have joined and nothing is on its way any more.
    let seconds: Double

    struct Outcome {
        /// From the first connection to the last answer to a join.
        let joinSeconds: Double
        /// Of the coordinator, in that time and until nobody was sent anything more.
        let joinCPUSeconds: Double
        /// Bytes of the map, and changes of it, that all watchers were sent.
        let mapBytes: Int
        /// Of the coordinator, in the time measured.
        let cpuShare: Double
        /// The part of it outside of the kernel.
        let userShare: Double
        let renewals: Int
        let renewalsPerSecond: Double
        let worstRenewalMilliseconds: Double
        /// Of the coordinator, with all members.
        let residentBytes: Int
        let peakBytes: Int
    }

    func run(on process: ChildProcess, at address: String) throws(BenchError) -> Outcome {
        try LoadReactor.run(seconds: 300) { reactor, end in
            MembersRun(self, process, address, on: reactor, end).start()
        }
    }
}

/// What is measured from one moment to another.
struct RenewalTimes {
    private(set) var count = 0
    private(set) var worst = Duration.zero

    mutating func add(_ duration: Duration) {
        count += 1
        worst = max(worst, duration)
    }
}

private final class MembersRun {
    /// Connections that are being made at once.
    private static let joiningMax = 64
    /// Nothing is on its way once watchers were sent nothing for so long.
    private static let quiet = Duration.milliseconds(500)

    private let load: MembersLoad
    private let process: ChildProcess
    private let address: String
    private let reactor: Reactor
    private let end: (Result<MembersLoad.Outcome, BenchError>) -> Void
    private var members: [LoadedMember] = []
    private var joined = 0
    private var began = Instant(nanoseconds: 0)
    private var startCPU = 0.0
    private var joinSeconds = 0.0
    private var mapBytes = 0
    private var times = RenewalTimes()
    private var hasEnded = false

    init(
        _ load: MembersLoad, _ process: ChildProcess, _ address: String, on reactor: Reactor,
        _ end: @escaping (Result<MembersLoad.Outcome, BenchError>) -> Void
    ) {
        self.load = load
        self.process = process
        self.address = address
        self.reactor = reactor
        self.end = end
    }

    func start() {
        attempt { () throws(BenchError) in
            began = reactor.now
            startCPU = try process.cpuSeconds
            for _ in 0..<min(Self.joiningMax, load.members) { addMember() }
        }
    }

    private func addMember() {
        let number = members.count
        let transport = HTTP2Transport(
            reactor: reactor, random: RandomSource(seed: UInt64(number)))
        let member = LoadedMember(number, transport, transport.channel(to: address))
        member.onMapBytes = { [self] in mapBytes += $0 }
        member.onRenewal = { [self] in times.add($0) }
        member.onFailure = { [self] in fail($0) }
        members.append(member)
        member.join { [self] in
            joined += 1
            if members.count < load.members { return addMember() }
            guard joined == load.members else { return }
            joinSeconds = (reactor.now - began).inSeconds
            settle(since: mapBytes)
        }
    }

    /// Waits until the watchers have been sent all that the joins changed.
    private func settle(since bytes: Int) {
        _ = reactor.schedule(after: Self.quiet) { [self] in
            guard bytes == mapBytes else { return settle(since: mapBytes) }
            attempt { () throws(BenchError) in try measure() }
        }
    }

    private func measure() throws(BenchError) {
        let begin = reactor.now
        let (cpu, user) = (try process.cpuSeconds, try process.userSeconds)
        times = RenewalTimes()
        _ = reactor.schedule(after: .seconds(load.seconds)) { [self] in
            attempt { () throws(BenchError) in try finish(since: begin, cpu, user) }
        }
    }

    private func finish(
        since begin: Instant, _ cpu: Double, _ user: Double
    ) throws(BenchError) {
        let seconds = (reactor.now - begin).inSeconds
        let outcome = MembersLoad.Outcome(
            joinSeconds: joinSeconds, joinCPUSeconds: cpu - startCPU, mapBytes: mapBytes,
            cpuShare: (try process.cpuSeconds - cpu) / seconds,
            userShare: (try process.userSeconds - user) / seconds, renewals: times.count,
            renewalsPerSecond: Double(times.count) / seconds,
            worstRenewalMilliseconds: times.worst.inSeconds * 1e3,
            residentBytes: try process.residentBytes, peakBytes: try process.peakResidentBytes)
        conclude(.success(outcome))
    }

    private func attempt(_ body: () throws(BenchError) -> Void) {
        do throws(BenchError) { try body() } catch { conclude(.failure(error)) }
    }

    private func fail(_ reason: String) { conclude(.failure(BenchError(reason))) }

    /// The members refer to the transports whose calls refer to them.
    private func conclude(_ result: Result<MembersLoad.Outcome, BenchError>) {
        guard !hasEnded else { return }
        hasEnded = true
        for member in members { member.close() }
        reactor.post { [self] in
            end(result)
            members = []
        }
    }
}

/// One member: its connection and its calls.
private final class LoadedMember {
    var onMapBytes: (Int) -> Void = { _ in }
    var onRenewal: (Duration) -> Void = { _ in }
    var onFailure: (String) -> Void = { _ in }
    private let name: String
    private let transport: HTTP2Transport
    private let channel: any Channel
    private var incarnation: UInt64 = 0
    private var heartbeat = Duration.zero
    private var renewals: RequestStream<Wire.KeepAliveRequest>?
    /// When the renewal left that waits for its answer.
    private var sent = Instant(nanoseconds: 0)
    private var isClosed = false

    init(_ number: Int, _ transport: HTTP2Transport, _ channel: any Channel) {
        name = "worker-\(number)"
        self.transport = transport
        self.channel = channel
    }

    func join(_ completion: @escaping () -> Void) {
        channel.unary(CoordinatorMethods.join, CallOptions(timeout: .seconds(60))) {
            [name] request, arena in
            request.name = arena.string(name)
            request.role = .init(rawValue: 2)
            request.http_address = arena.string("10.0.0.1:8080")
        } _: { [self] result in
            guard !isClosed else { return }
            switch result {
            case .success(let answer):
                incarnation = answer.pointee.incarnation
                heartbeat = .milliseconds(Int64(answer.pointee.heartbeat_ms))
                watch()
                openRenewals()
                beatLater()
                completion()
            case .failure(let error): onFailure("\(name) cannot join: \(error)")
            }
        }
    }

    private func watch() {
        let options = CallOptions(timeout: nil)
        let request = channel.arenas.encode { (request: inout Wire.GetClusterMapRequest, _) in
            request.changes = 1
        }
        _ = channel.serverStreaming(CoordinatorMethods.watchClusterMap.path, request, options) {
            [weak self] bytes in
            self?.onMapBytes(bytes.count)
        } onEnd: { [weak self] error in
            guard let self, !isClosed else { return }
            onFailure("\(name): the map's stream has ended: \(error.map { "\($0)" } ?? "OK")")
        }
    }

    private func openRenewals() {
        renewals = channel.bidirectional(CoordinatorMethods.keepAlive) { [weak self] answer in
            self?.renewed(answer.pointee.n_ended == 0)
        } onEnd: { [weak self] error in
            guard let self, !isClosed else { return }
            onFailure("\(name): the renewals' stream has ended: \(error.map { "\($0)" } ?? "OK")")
        }
    }

    private func beatLater() {
        _ = transport.core.schedule(after: heartbeat) { [weak self] in self?.beat() }
    }

    private func beat() {
        guard !isClosed else { return }
        sent = transport.core.now
        renewals?.untyped.request(1)
        renewals?.send { [incarnation] request, arena in
            (request.n_incarnations, request.incarnations) = arena.numbers([incarnation])
        }
    }

    private func renewed(_ isLive: Bool) {
        guard !isClosed else { return }
        guard isLive else { return onFailure("\(name): the lease has ended") }
        onRenewal(transport.core.now - sent)
        beatLater()
    }

    func close() {
        isClosed = true
        transport.shutDown(grace: .zero) {}
    }
}
