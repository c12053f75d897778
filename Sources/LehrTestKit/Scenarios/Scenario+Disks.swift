extension Scenario {
    static let disks = [
        Scenario("disk: full, the coordinator ends and promises nothing").with {
            $0.faults = [.fullDisk, .crash(.coordinator)]
        },
        Scenario("disk: the coordinator ends before and after commits").with {
            $0.faults = [.endsBeforeCommit, .endsAfterCommit]
        },
        Scenario("disk: the power goes during a commit").with {
            $0.faults = [.powerLoss]
        },
        Scenario("disk: slow fsync delays and loses nothing").with {
            $0.faults = [.slowSync]
        },
    ]
}
