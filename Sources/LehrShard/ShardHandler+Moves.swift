import CLehrWire
import LehrCore
import LehrMembership
import LehrRPC
import LehrWire

/// `FetchPartition`: a partition for its next owner.
extension ShardHandler {
    /// How soon a step that is in the way is looked for again.
    private static let patience = Duration.milliseconds(1)
    /// So many times as long as a piece took is left to other calls while there are any, and to other copies'
    /// pieces as well: all copies together take a twentieth of the core.
    private static let restAfterPiece = 19

    func registerMoves(in services: ServiceTable) {
        services.serverStreaming(ShardMethods.fetchPartition) { [self] context, request, stream in
            let id = PartitionID(table: TableID(request.table), index: request.partition)
            do throws(ShardRefusal) {
                let move = try shard.move(
                    of: id, PartitionIncarnation(request.incarnation), number: request.move,
                    cluster: ClusterID(request.cluster_id))
                // A shard that could fetch what is another's could have it sealed as well.
                do throws(RPCError) {
                    try context.requireToBe(.shard, named: move.destination.name)
                } catch {
                    return stream.finish(error)
                }
                let departure = try shard.beginDeparture(
                    id, PartitionIncarnation(request.incarnation), move)
                stream.untyped.onCancel = { departure.partition.end(departure) }
                send(departure, to: stream)
            } catch {
                stream.finish(RPCError(error.code, "\(error)"))
            }
        }
    }

    /// Sends pieces between other calls, while the caller keeps up.
    private func send(_ departure: Departure, to stream: MessageStream<Wire.PartitionChunk>) {
        // Its caller may have gone since this was planned: the stream must not hold it any more.
        guard departure.partition.departure === departure else {
            return stream.finish(RPCError(.aborted, "the partition is handed out anew"))
        }
        guard stream.untyped.isWritable else {
            stream.untyped.onWritable = { [self] in
                stream.untyped.onWritable = nil
                send(departure, to: stream)
            }
            return
        }
        let began = core.now
        switch shard.nextStep(of: departure, now: began) {
        case .chunk(let chunk):
            stream.send { chunk.fill(&$0, $1) }
            let goOn = { [self] in send(departure, to: stream) }
            let isAsked = counters != departure.countersBefore
            departure.countersBefore = counters
            guard isAsked, !departure.isUrgent else { return core.post(goOn) }
            let rest = Self.restAfterPiece * shard.departureCount
            _ = core.schedule(after: (core.now - began) * rest, goOn)
        case .wait:
            _ = core.schedule(after: Self.patience) { [self] in send(departure, to: stream) }
        case .over: stream.finish()
        case .refused(let refusal):
            departure.partition.end(departure)
            stream.finish(RPCError(refusal.code, "\(refusal)"))
        }
    }
}
