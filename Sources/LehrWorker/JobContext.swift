import LehrCluster
import LehrCore
import LehrData
import LehrMembership
import LehrModel
import LehrTable

/// What a worker keeps of a job between tasks.
final class JobContext {
    let id: JobID
    let spec: JobSpec
    let dataset: Dataset
    let trainer: Trainer

    /// Reads the job's data set; fails with what is wrong, for a person.
    init(status: JobStatus, files: any FileSystem) throws(TaskFailure) {
        id = status.id
        do {
            spec = try JobSpec(yaml: status.spec)
            dataset = try Dataset(directory: spec.data.path, files: files)
            var items = ItemDistribution.empty
            if let file = dataset.items {
                let catalog = try ItemCatalog(path: spec.data.path + "/" + file.name, files: files)
                items = ItemDistribution(keys: catalog.keys, counts: catalog.counts)
            }
            trainer = try Trainer(job: spec, items: items)
        } catch let error as DataError {
            throw TaskFailure(error.description)
        } catch {
            throw TaskFailure("\(error)")
        }
    }

    /// The job's tables in the trainer's order, once the cluster map has them.
    func tables(on map: ClusterMap?) -> [PlacedTable]? {
        guard let tables = map?.tables(of: id), tables.count == trainer.tables.count else {
            return nil
        }
        return tables
    }

    /// Whether the coordinator made of the job file what this worker makes of it.
    func fits(_ tables: [PlacedTable]) -> Bool { tables.map(\.spec) == trainer.tables }

    static let misfit = """
        the cluster made other tables of the job file than this worker would; run the same version \
        of lehr everywhere
        """
}

/// Why a task cannot be done, by anybody: the job fails with it.
struct TaskFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
