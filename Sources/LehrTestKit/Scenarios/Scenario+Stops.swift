extension Scenario {
    static let stops = [
        Scenario("stops: a shard that is told to stop writes nothing once it has left").with {
            $0.faults = [.stop(times: 2)]
        }
    ]
}
