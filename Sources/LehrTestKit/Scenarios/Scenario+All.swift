import LehrCore

extension Scenario {
    /// In the order in which seeds stand for them.
    package static let all: [Scenario] =
        [everything, everythingInSequence, undisturbed] + network + processes + clocks + disks
        + stopsAndStreams + leases + checkpoints + serving + moves

    static let undisturbed = Scenario("nothing happens: every batch is applied once")

    static let everything = Scenario("everything: whatever fails, in any order").with {
        $0.shards = 3
        $0.workers = 3
        $0.serving = 1
        $0.driftMaxPPM = 50_000
        $0.faults = [
            .crash(.anybody, times: 2), .pause(.anybody, times: 2), .cut(.anybody, .one),
            .cut(.anybody), .slow(.anybody, by: .seconds(1)), .loss(perMille: 20),
            .twins(perMille: 20), .breaks(.anybody, times: 2), .powerLoss, .fullDisk, .slowSync,
        ]
    }

    static let everythingInSequence = Scenario("everything: sequential mode keeps every bit").with {
        $0.mode = .sequential
        $0.latencyMax = .milliseconds(8)
        $0.driftMaxPPM = 50_000
        $0.faults = [
            .crash(.worker, times: 2), .crash(.coordinator), .pause(.worker), .loss(perMille: 10),
            .twins(perMille: 20), .breaks(.worker, times: 3), .cut(.worker, .one),
        ]
    }
}
