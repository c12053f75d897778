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
        services.serverStreaming(ShardMethods.fetchPartition) { [self] _, request, stream in
            let id = PartitionID(table: TableID(request.table), index: request.partition)
            do throws(ShardRefusal) {
                let departure = try shard.beginDeparture(
                    id, PartitionIncarnation(request.incarnation), move: request.move,
                    cluster: ClusterID(request.cluster_id))
                stream.untyped.onCancel = { departure.partition.end(departure) }
                send(departure, to: stream)
            } catch {
                stream.finish(RPCError(error.code, "\(error)"))
            }
        }
    }

    /// Sends pieces while the caller keeps up, and goes on when it can take more.
    private func send(_ departure: Departure, to stream: MessageStream<Wire.PartitionChunk>) {
        while true {
            guard stream.untyped.isWritable else {
                stream.untyped.onWritable = { [self] in
                    stream.untyped.onWritable = nil
                    send(departure, to: stream)
                }
                return
            }
            switch shard.nextStep(of: departure, now: core.now) {
            case .chunk(let chunk): stream.send { chunk.fill(&$0, $1) }
            case .wait:
                _ = core.schedule(after: Self.patience) { [self] in send(departure, to: stream) }
                return
            case .over: return stream.finish()
            case .refused(let refusal):
                departure.partition.end(departure)
                return stream.finish(RPCError(refusal.code, "\(refusal)"))
            }
        }
    }
}
