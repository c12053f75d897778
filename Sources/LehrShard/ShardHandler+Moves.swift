import CLehrWire
import LehrCore
import LehrMembership
import LehrRPC
import LehrWire

/// `FetchPartition`: a partition for its next owner.
extension ShardHandler {
    /// How soon a step that is in the way is looked for again.
    private static let patience = Duration.milliseconds(1)
    func registerMoves(in services: ServiceTable) {
        services.serverStreaming(ShardMethods.fetchPartition) { [self] context, request, stream in
            let id = PartitionID(table: TableID(request.table), index: request.partition)
            do throws(ShardRefusal) {
                let departing = try shard.departing(
                    of: id, PartitionIncarnation(request.incarnation), number: request.move,
                    cluster: ClusterID(request.cluster_id))
                // A shard that could fetch what is another's could have it sealed as well.
                do throws(RPCError) {
                    try context.requireToBe(
                        .shard, named: departing.departure.move.destination.name)
                } catch {
                    return stream.finish(error)
                }
                departing.begin()
                stream.untyped.onCancel = { departing.end() }
                send(departing, to: stream)
            } catch {
                stream.finish(RPCError(error.code, "\(error)"))
            }
        }
    }

    /// Sends pieces between other calls, while the caller keeps up.
    private func send(
        _ departing: DepartingPartition, to stream: MessageStream<Wire.PartitionChunk>
    ) {
        // Its caller may have gone since this was planned: the stream must not hold it any more.
        guard departing.isDeparting else {
            return stream.finish(RPCError(.aborted, "the partition is handed out anew"))
        }
        guard stream.untyped.isWritable else {
            stream.untyped.onWritable = { [self] in
                stream.untyped.onWritable = nil
                send(departing, to: stream)
            }
            return
        }
        let began = core.now
        switch shard.nextStep(of: departing, now: began) {
        case .chunk(let chunk):
            stream.send { chunk.fill(&$0, $1) }
            let goOn = { [self] in send(departing, to: stream) }
            let now = core.now
            guard
                let rest = departing.departure.rest(
                    of: departing.partition, after: now - began, copies: shard.departureCount,
                    counters, now: now)
            else { return core.post(goOn) }
            _ = core.schedule(after: rest, goOn)
        case .wait:
            _ = core.schedule(after: Self.patience) { [self] in send(departing, to: stream) }
        case .over: stream.finish()
        case .refused(let refusal):
            departing.end()
            stream.finish(RPCError(refusal.code, "\(refusal)"))
        }
    }
}
