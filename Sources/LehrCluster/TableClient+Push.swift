import CLehrWire
import LehrCore
import LehrMembership
package import LehrRPC
import LehrTable
import LehrWire

extension TableClient {
    /// Pushes gradients; exactly once for each identity and partition, however often it is repeated.
    ///
    /// With `staged` they are kept by their owners until the step is committed (sequential mode).
    package func push(
        _ requests: [Push], _ identity: PushIdentity, staged: Bool,
        _ completion: @escaping (RPCError?) -> Void
    ) -> FanOut? {
        guard let routes = route(requests.map { ($0.table, $0.keys) }) else {
            failLater { completion(Self.unknownTable) }
            return nil
        }
        let tables = requests.map(\.table)
        let operation = FanOut(
            transport: transport, tables: tables,
            random: RandomSource(seed: random.next()), map: map,
            send: { channel, targets, map, done in
                channel.unary(ShardMethods.push, Self.callOptions) { [self] message, arena in
                    message.cluster_id = map.cluster.value
                    message.stage = staged ? 1 : 0
                    message.identity = arena.make(Wire.PushIdentity.self) { wire, _ in
                        identity.fill(&wire)
                    }
                    fill(&message, arena, targets, map, requests, routes)
                } _: { result in
                    switch result {
                    case .success(let answer):
                        let isTheirs = Self.isAcknowledged(
                            targets, tables, map, by: answer.pointee.n_incarnations,
                            answer.pointee.incarnations)
                        done(isTheirs ? nil : Self.foreignAnswer)
                    case .failure(let error): done(error)
                    }
                }
            },
            completion: completion)
        operation.start(Self.targets(of: routes))
        return operation
    }

    private func fill(
        _ message: inout Wire.PushRequest, _ arena: WireArena, _ targets: [FanOut.Target],
        _ map: ClusterMap, _ requests: [Push], _ routes: [KeyRoute]
    ) {
        (message.n_tables, message.tables) = arena.list(Self.byTable(targets)) {
            group, table, arena in
            let slot = group[0].table
            let (request, route) = (requests[slot], routes[slot])
            table.table = request.table.value
            (table.n_partitions, table.partitions) = Self.partitions(group, route, map, arena)
            (table.key_format, table.keys) = Self.keys(group, request.keys, route, arena)
            (table.gradient_format, table.gradients) = Self.gradients(
                group, request.gradients, route, arena)
            if route.table.spec.countsShows {
                let count = Self.rowCount(of: group, route)
                table.shows = arena.bytes(copying: [Float](repeating: 1, count: count))
            }
            bytesPushed += UInt64(table.gradients.len + table.keys.len)
        }
    }
}
