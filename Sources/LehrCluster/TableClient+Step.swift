import CLehrWire
import LehrCore
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

    /// Sends `command` to every core that owns a partition of the job; the result says whether any
    /// of them has committed the step.
    package func step(
        _ command: StepCommand, _ identity: PushIdentity,
        _ completion: @escaping (Result<Bool, RPCError>) -> Void
    ) -> FanOut? {
        let tables = map()?.tables(of: identity.job) ?? []
        guard !tables.isEmpty else {
            failLater { completion(.failure(Self.unknownTable)) }
            return nil
        }
        var isCommitted = false
        let operation = FanOut(
            transport: transport, tables: tables.map(\.id),
            random: RandomSource(seed: random.next()), map: map,
            send: { channel, _, map, done in
                channel.unary(command.method, Self.callOptions) { message, arena in
                    message.cluster_id = map.cluster.value
                    message.identity = arena.make(Wire.PushIdentity.self) { wire, _ in
                        identity.fill(&wire)
                    }
                } _: { result in
                    switch result {
                    case .success(let answer):
                        if answer.pointee.state.rawValue == 2 { isCommitted = true }
                        done(nil)
                    case .failure(let error): done(error)
                    }
                }
            },
            completion: { error in
                completion(error.map { .failure($0) } ?? .success(isCommitted))
            })
        operation.start(
            tables.enumerated().flatMap { slot, table in
                table.partitions.indices.map {
                    FanOut.Target(table: slot, partition: $0, run: 0)
                }
            })
        return operation
    }
}
