import LehrCore

extension Scenario {
    static let serving = [
        Scenario("serving: answers go on while there is no coordinator").with {
            $0.serving = 2
            $0.faults = [
                .crash(.coordinator, from: .seconds(1), within: .seconds(5)),
                .pause(.coordinator, from: .seconds(3)),
            ]
            $0.answersAlone = true
        },
        Scenario("serving: a process that is forgotten answers the same").with {
            $0.serving = 2
            $0.driftMaxPPM = 50_000
            $0.faults = [
                .cut(.serving, from: .coordinator, from: .seconds(4), for: .seconds(8)),
                .cut(.serving, from: .coordinator, .one, for: .seconds(8)), .pause(.serving),
            ]
            $0.answersAlone = true
        },
        Scenario("serving: a process that crashes is back with its models").with {
            $0.serving = 2
            $0.faults = [.crash(.serving, times: 3), .cut(.serving, .one)]
        },
    ]
}
