import CLehrWire
import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrTestKit
import LehrWire

extension ClusterSandbox {
    /// Kills the worker that sends the `count`-th matching message, and starts it anew after a while.
    func killSender(
        at count: Int, restartAfter pause: Duration? = nil,
        where matches: @escaping (InMemoryNetwork.Arrival) -> Bool
    ) -> ArrivalTrigger {
        var sender = ""
        return atArrival(count) { arrival in
            guard matches(arrival) else { return false }
            sender = arrival.source
            return true
        } _: { [unowned self] in
            workers.last { $0.name == sender }?.kill()
            guard let pause else { return }
            time.schedule(at: time.now + pause) { [weak self] in
                _ = self?.addWorker(name: sender)
            }
        }
    }

    /// Kills the coordinator at the `count`-th matching message; it comes back from its store.
    func killCoordinator(
        at count: Int, restartAfter pause: Duration,
        where matches: @escaping (InMemoryNetwork.Arrival) -> Bool
    ) -> ArrivalTrigger {
        atArrival(count, where: matches) { [unowned self] in
            killCoordinator()
            time.schedule(at: time.now + pause) { [weak self] in try? self?.startCoordinator() }
        }
    }

    func stop(_ job: JobID) throws {
        try call(CoordinatorMethods.stopJob) { request, arena in
            request.job = arena.string("\(job.value)")
        } _: { _ in
        }
    }

    func parts(of job: JobID) -> [PartRecord] {
        coordinator?.shell.instance.jobs.first { $0.id == job }?.parts ?? []
    }

    /// Leases of a job's parts so far; as many as it has parts when nothing was taken over.
    func attempts(of job: JobID) -> UInt32 { parts(of: job).reduce(0) { $0 + $1.attempt } }

    func tables(of job: JobID) -> [PlacedTable] {
        coordinator?.shell.instance.tables.filter { $0.job == job } ?? []
    }

    /// Pulls one row of a table of one partition, and says how many bytes came.
    func pullBytes(_ table: PlacedTable, key: UInt64) throws -> Int {
        let home = table.partitions[0]
        guard let owner = shards.first(where: { $0.name == home.ownerName }),
            let map = owner.agent.map
        else { return 0 }
        return try call(ShardMethods.pull, at: owner.addresses[Int(home.core)]) { request, arena in
            request.cluster_id = map.cluster.value
            (request.n_tables, request.tables) = arena.list([table]) { table, pull, arena in
                pull.table = table.id.value
                (pull.n_partitions, pull.partitions) = arena.list([home]) { home, partition, _ in
                    partition.incarnation = home.incarnation.value
                    partition.key_count = 1
                }
                pull.keys = arena.bytes(copying: [key])
            }
        } _: { answer in
            each(answer.pointee.n_tables, answer.pointee.tables).reduce(0) { $0 + $1.values.len }
        }
    }
}
