import LehrCore

/// What a run is about: its name is what is promised, its faults are what happens meanwhile.
package struct Scenario: Sendable {
    package let name: String
    package var mode = Workload.Mode.eventual
    package var shards = 2
    package var workers = 2
    package var serving = 0
    /// The longest that a message takes by itself; drawn below it for each run.
    package var latencyMax = Duration.milliseconds(30)
    package var driftMaxPPM: Int64 = 0
    package var faults: [Fault] = []
    /// How long leases last, and from the coordinator's first restart on; nil: as ever.
    package var ttl: Duration?
    package var laterTTL: Duration?
    /// Pages of SQLite's log after which it is copied into the file; nil: as ever.
    package var checkpointPages: Int?
    /// Whether shards may write, and workers go on with their tasks, all the time, whatever happens.
    package var staysWritable = false
    /// Whether serving has to have answered without a lease, or with no coordinator there.
    package var answersAlone = false
    /// Whether nobody's lease ends, whatever happens.
    package var keepsMembers = false
    /// Whether no job loses its rows, whatever happens.
    package var keepsRows = false
    /// A run of fewer events has not shown anything.
    package var eventCountMin = 2000

    package init(_ name: String) { self.name = name }

    /// The same with something else about it.
    func with(_ change: (inout Scenario) -> Void) -> Scenario {
        var scenario = self
        change(&scenario)
        return scenario
    }

    /// The scenario of that name, or the only one whose name has `text` in it.
    package static func find(_ text: String) -> Scenario? {
        if let exact = all.first(where: { $0.name == text }) { return exact }
        let matches = all.filter { $0.name.contains(text) }
        return matches.count == 1 ? matches[0] : nil
    }

    /// The one that a seed stands for when none is named.
    package static func of(seed: UInt64) -> Scenario { all[Int(seed % UInt64(all.count))] }
}
