import LehrCore

extension Scenario {
    static let processes = [
        Scenario("processes: a worker that crashes costs nothing").with {
            $0.faults = [.crash(.worker, times: 3)]
        },
        Scenario("processes: a coordinator that crashes forgets nothing").with {
            $0.faults = [.crash(.coordinator, times: 2)]
        },
        Scenario("processes: a shard that crashes fails its jobs by name, and no other").with {
            $0.faults = [.crash(.shard)]
        },
        Scenario("processes: a worker that wakes after its lease harms nobody").with {
            $0.workers = 3
            $0.faults = [.pause(.worker, times: 2)]
        },
        Scenario("processes: a shard that wakes after its lease writes nothing").with {
            $0.faults = [.pause(.shard, times: 2)]
        },
        Scenario("processes: a coordinator that wakes ends no lease too early").with {
            $0.faults = [.pause(.coordinator, times: 2, for: .seconds(4))]
        },
        // A third of a lease, which is two seconds.
        Scenario("processes: a coordinator that is back in a third of a lease stops no write").with
        {
            $0.driftMaxPPM = 50_000
            $0.faults = [.crash(.coordinator, within: .milliseconds(666))]
            $0.staysWritable = true
        },
    ]
}
