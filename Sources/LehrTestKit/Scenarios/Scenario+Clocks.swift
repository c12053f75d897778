import LehrCore

extension Scenario {
    static let clocks = [
        Scenario("clocks: drift to five in a hundred, nothing else").with {
            $0.driftMaxPPM = 50_000
        },
        Scenario("clocks: drift while a shard is parted from the coordinator").with {
            $0.driftMaxPPM = 50_000
            $0.faults = [.cut(.shard, from: .coordinator)]
        },
        Scenario("clocks: drift while the coordinator crashes").with {
            $0.driftMaxPPM = 50_000
            $0.faults = [.crash(.coordinator, times: 2)]
        },
    ]
}
