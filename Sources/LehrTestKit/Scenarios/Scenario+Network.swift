import LehrCore

extension Scenario {
    static let network = [
        Scenario("network: partition isolates one shard").with {
            $0.faults = [.cut(.shard)]
        },
        Scenario("network: partition isolates one shard, asymmetric").with {
            $0.faults = [.cut(.shard, .one)]
        },
        Scenario("network: partition parts a shard from the coordinator, asymmetric").with {
            $0.faults = [.cut(.shard, from: .coordinator, .one)]
        },
        Scenario("network: partition parts a worker from the coordinator, asymmetric").with {
            $0.faults = [.cut(.worker, from: .coordinator, .one)]
        },
        Scenario("network: a worker that hears no map meets a shard's next life").with {
            $0.faults = [
                .cut(.worker, from: .coordinator, .one, for: .seconds(8)), .pause(.shard),
            ]
        },
        Scenario("network: partition isolates the coordinator").with {
            $0.faults = [.cut(.coordinator)]
        },
        Scenario("network: clogged links let everything through at once").with {
            $0.faults = [.clog(.anybody), .clog(.anybody), .clog(.anybody)]
        },
        Scenario("network: renewals are slow on their way").with {
            $0.faults = [
                .slow(.shard, to: .coordinator, by: .milliseconds(900)),
                .slow(.coordinator, by: .milliseconds(900)),
                .cut(.shard, from: .coordinator),
            ]
        },
        Scenario("network: lost segments come late").with {
            $0.faults = [.loss(perMille: 50)]
        },
        Scenario("network: connections break in the middle of calls").with {
            $0.faults = [.breaks(.worker, times: 6), .breaks(.shard, times: 2)]
        },
        Scenario("network: requests come a second time, late").with {
            $0.faults = [.twins(perMille: 100)]
        },
    ]
}
