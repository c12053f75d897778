extension Scenario {
    static let stopsAndStreams = [
        Scenario("stops: a shard that is told to stop writes nothing once it has left").with {
            $0.faults = [.stop(times: 2)]
        },
        Scenario("streams: a watch of the map that tells nothing is replaced").with {
            $0.faults = [.deadWatch(.shard, times: 2), .deadWatch(.worker, times: 2)]
        },
        Scenario("streams: renewals that are not answered go through another, in time").with {
            $0.driftMaxPPM = 50_000
            $0.faults = [.deadRenewals(.shard), .deadRenewals(.worker)]
            $0.keepsMembers = true
        },
    ]
}
