import LehrCluster
import LehrGraph
import LehrMembership
import LehrModel

/// The buffers of one batch on its way: pulled, computed, pushed; then used for another.
final class BatchSlot {
    let rows: [FloatBuffer]
    let gradients: [FloatBuffer]

    init(tableCount: Int) {
        rows = (0..<tableCount).map { _ in FloatBuffer() }
        gradients = (0..<tableCount).map { _ in FloatBuffer() }
    }

    /// The pull of a prepared batch, into `rows`; tables without keys are left out.
    func pulls(
        _ batch: PreparedBatch, _ tables: [PlacedTable], _ trainer: Trainer
    ) -> [TableClient.Pull] {
        tables.indices.compactMap { index in
            rows[index].resize(to: trainer.floatCount(of: batch, table: index))
            guard !batch.keys[index].isEmpty else { return nil }
            return TableClient.Pull(
                table: tables[index].id, keys: batch.keys[index], rows: rows[index].floats)
        }
    }

    /// The push of what `Trainer.step` wrote to `gradients`.
    func pushes(_ batch: PreparedBatch, _ tables: [PlacedTable]) -> [TableClient.Push] {
        tables.indices.compactMap { index in
            guard !batch.keys[index].isEmpty else { return nil }
            return TableClient.Push(
                table: tables[index].id, keys: batch.keys[index],
                gradients: gradients[index].readable)
        }
    }
}
