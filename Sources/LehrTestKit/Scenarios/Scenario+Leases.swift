import LehrCore

extension Scenario {
    static let leases = [
        Scenario("leases: a coordinator that is back with a shorter TTL cuts none short").with {
            $0.ttl = .seconds(8)
            $0.laterTTL = .seconds(2)
            $0.driftMaxPPM = 50_000
            $0.faults = [
                .crash(.coordinator, within: .milliseconds(100)),
                .cut(.shard, from: .coordinator, for: .seconds(7)),
                .cut(.shard, from: .coordinator, for: .seconds(7)),
            ]
        },
        Scenario("leases: a coordinator that hangs longer than any lasts ends none").with {
            $0.driftMaxPPM = 50_000
            $0.faults = [.pause(.coordinator, from: .seconds(3))]
            $0.keepsMembers = true
        },
        Scenario("leases: what an operator revokes is lost by name, and the process joins anew")
            .with {
                $0.driftMaxPPM = 50_000
                $0.faults = [
                    .revocation(.shard, times: 2), .revocation(.worker, times: 2),
                    .cut(.shard, from: .coordinator, .one),
                ]
            },
    ]
}
