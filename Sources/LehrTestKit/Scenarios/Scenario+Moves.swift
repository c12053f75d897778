extension Scenario {
    static let moves = [
        Scenario("moves: partitions get other owners while they are trained").with {
            $0.shards = 3
            $0.faults = [.moves(times: 6)]
        },
        Scenario("moves: sequential mode keeps every bit").with {
            $0.mode = .sequential
            $0.shards = 3
            $0.latencyMax = .milliseconds(8)
            $0.faults = [.moves(times: 6), .crash(.worker), .pause(.worker)]
        },
        Scenario("moves: a source or a destination that crashes leaves one owner").with {
            $0.shards = 3
            $0.faults = [.moves(times: 6), .crash(.shard, times: 2)]
        },
        Scenario("moves: a new owner that crashes before it is open gives back").with {
            $0.faults = [.crashAtHandOver(times: 2)]
        },
        Scenario("moves: a new owner that is not heard any more has written nothing").with {
            $0.faults = [.silenceAtHandOver()]
        },
        Scenario("moves: nor in sequential mode").with {
            $0.mode = .sequential
            $0.latencyMax = .milliseconds(8)
            $0.faults = [.silenceAtHandOver(), .crash(.worker)]
        },
        Scenario("moves: a restarted coordinator finds them again").with {
            $0.shards = 3
            $0.faults = [.moves(times: 6), .crash(.coordinator, times: 3)]
        },
        Scenario("moves: what fails on the way is sent again").with {
            $0.shards = 3
            $0.faults = [
                .moves(times: 6), .loss(perMille: 20), .twins(perMille: 20),
                .breaks(.shard, times: 3), .cut(.shard), .slow(.shard, by: .seconds(1)),
            ]
        },
        Scenario("moves: whatever fails, in any order").with {
            $0.shards = 3
            $0.workers = 3
            $0.driftMaxPPM = 50_000
            $0.faults = [
                .moves(times: 5), .crash(.anybody, times: 2), .pause(.anybody, times: 2),
                .pause(.shard), .cut(.anybody), .loss(perMille: 10), .breaks(.anybody, times: 2),
                .revocation(.shard), .powerLoss,
            ]
        },
        Scenario("moves: shards that are drained lose nothing").with {
            $0.shards = 3
            $0.faults = [
                .drain(times: 3), .crash(.coordinator), .crash(.worker), .loss(perMille: 10),
            ]
            $0.keepsRows = true
        },
    ]
}
