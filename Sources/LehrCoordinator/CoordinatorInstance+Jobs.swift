import LehrCluster
package import LehrCore
import LehrMembership
import LehrPlacement
import LehrTable

extension CoordinatorInstance {
    /// Places a job's tables and starts it.
    package mutating func submit(
        _ plan: JobPlan, unixMilliseconds: UInt64
    ) throws(CoordinatorRefusal) -> (job: JobID, directives: [Directive]) {
        guard jobs.count < Self.jobCountMax else {
            throw .full("the cluster keeps \(Self.jobCountMax) jobs, the most it takes")
        }
        let problem = placementProblem(of: plan)
        guard let placement = placer.plan(problem) else { throw .noShards }
        cluster.lastJob += 1
        let record = JobRecord(
            id: JobID(cluster.lastJob), plan: plan, state: .running, message: "", generation: 1,
            submittedUnixMilliseconds: unixMilliseconds, endedUnixMilliseconds: nil)
        var directives: [Directive] = [.save(.job(record))]
        for (spec, homes) in zip(plan.tables, placement.homes) {
            let table = place(spec, homes, job: record.id)
            tables.append(table)
            directives.append(.save(.table(table)))
        }
        jobs.append(JobLedger(record: record))
        return (record.id, directives + mapChanged() + [.publishJob(record.id), .offerTasks])
    }

    private func placementProblem(of plan: JobPlan) -> PlacementProblem {
        let hosts = leases.members.filter { $0.role == .shard && !$0.isDraining }.map {
            PlacementProblem.Host(member: $0.incarnation, coreCount: $0.coreAddresses.count)
        }
        let cores = hosts.reduce(0) { $0 + $1.coreCount }
        let variables = plan.tables.map { spec in
            PlacementProblem.Variable(
                name: spec.name,
                partitionBits: Self.partitionBits(
                    spec.keys, hashed: plan.partitionBits, cores: cores))
        }
        return PlacementProblem(variables: variables, hosts: hosts)
    }

    /// A hashed table has as many partitions as its job wants; a dense variable one for every 64
    /// rows, at most one a core, as every batch reads it whole.
    static func partitionBits(_ keys: KeySpace, hashed: Int, cores: Int) -> Int {
        func bits(_ count: UInt64) -> Int { 63 - max(count, 1).leadingZeroBitCount }
        switch keys {
        case .hashed: return min(hashed, 16)
        case .rows(let rows): return min(bits(rows / 64), bits(UInt64(max(cores, 1))), 16)
        }
    }

    private mutating func place(
        _ spec: TableSpec, _ homes: [Home], job: JobID
    ) -> PlacedTable {
        cluster.lastTable += 1
        let ranges = BucketRange.even(bits: homes.count.trailingZeroBitCount)
        let partitions = zip(ranges, homes).map {
            range, home in
            cluster.lastPartition += 1
            return PlacedPartition(
                range: range, owner: home.member,
                ownerName: leases.member(home.member)?.name ?? "", core: home.core,
                incarnation: PartitionIncarnation(cluster.lastPartition))
        }
        return PlacedTable(
            id: TableID(cluster.lastTable), job: job, spec: spec, partitions: partitions)
    }

    /// Stops a running job; one that has ended stays as it is. Its tables stay for export.
    package mutating func stop(_ job: JobID, unixMilliseconds: UInt64) -> [Directive] {
        guard let index = jobs.firstIndex(where: { $0.id == job }),
            jobs[index].record.state == .running
        else { return [] }
        jobs[index].end(.stopped, message: "", unixMilliseconds: unixMilliseconds)
        return [.save(.job(jobs[index].record)), .publishJob(job), .offerTasks]
    }

    /// A job by its number, or the newest of that name.
    package func find(_ job: String) throws(CoordinatorRefusal) -> JobLedger {
        let number = UInt64(job)
        let found = jobs.last { number == $0.id.value } ?? jobs.last { $0.record.plan.name == job }
        guard let found else { throw .unknownJob(job) }
        return found
    }
}
