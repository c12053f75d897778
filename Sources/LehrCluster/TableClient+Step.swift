import CLehrWire
package import LehrCore
import LehrMembership
package import LehrRPC
import LehrWire

extension TableClient {
    /// The second half of a step in sequential mode.
    package enum StepCommand {
        case inquire
        case commit
        case abort

        fileprivate var method: Method<Wire.StepRequest, Wire.StepResponse> {
            switch self {
            case .inquire: ShardMethods.inquireStep
            case .commit: ShardMethods.commitStep
            case .abort: ShardMethods.abortStep
            }
        }
    }

    /// Sends `command` about a step to the owners of all the job's partitions, or of those of `keys`,
    /// table by table, which are all that the step touches; the result says whether any of them has
    /// committed it.
    package func step(
        _ command: StepCommand, _ identity: PushIdentity,
        touching keys: [(table: TableID, keys: [UInt64])]? = nil,
        _ completion: @escaping (Result<Bool, RPCError>) -> Void
    ) -> FanOut? {
        guard let scope = keys.map(touched) ?? whole(identity.job) else {
            failLater { completion(.failure(Self.unknownTable)) }
            return nil
        }
        var isCommitted = false
        let operation = FanOut(
            transport: transport, tables: scope.tables,
            random: RandomSource(seed: random.next()), map: map,
            send: { channel, targets, map, done in
                channel.unary(command.method, Self.callOptions) { message, arena in
                    message.cluster_id = map.cluster.value
                    message.identity = arena.make(Wire.PushIdentity.self) { wire, _ in
                        identity.fill(&wire)
                    }
                    (message.n_tables, message.tables) = arena.list(Self.byTable(targets)) {
                        Self.fill(&$1, $0, scope.tables[$0[0].table], map, $2)
                    }
                } _: { result in
                    switch result {
                    case .success(let answer):
                        guard
                            Self.isAcknowledged(
                                targets, scope.tables, map, by: answer.pointee.n_incarnations,
                                answer.pointee.incarnations)
                        else { return done(Self.foreignAnswer) }
                        if answer.pointee.state.rawValue == 2 { isCommitted = true }
                        done(nil)
                    case .failure(let error): done(error)
                    }
                }
            },
            completion: { error in
                completion(error.map { .failure($0) } ?? .success(isCommitted))
            })
        operation.start(scope.targets)
        return operation
    }

    /// What a step's request is about.
    private typealias Scope = (tables: [TableID], targets: [FanOut.Target])

    private func touched(_ keys: [(table: TableID, keys: [UInt64])]) -> Scope? {
        route(keys).map { (keys.map(\.table), Self.targets(of: $0)) }
    }

    private func whole(_ job: JobID) -> Scope? {
        let tables = map()?.tables(of: job) ?? []
        guard !tables.isEmpty else { return nil }
        let targets = tables.enumerated().flatMap { slot, table in
            table.partitions.indices.map { FanOut.Target(table: slot, partition: $0, run: 0) }
        }
        return (tables.map(\.id), targets)
    }

    private static func fill(
        _ message: inout Wire.TablePartitions, _ group: [FanOut.Target], _ table: TableID,
        _ map: ClusterMap, _ arena: WireArena
    ) {
        message.table = table.value
        let partitions = map.table(table)?.partitions ?? []
        (message.n_partitions, message.partitions) = arena.list(group) { target, ref, _ in
            ref.index = UInt32(target.partition)
            ref.incarnation = partitions[target.partition].incarnation.value
        }
    }
}
