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

    /// The log is copied into the file every few commits.
    static let checkpoints = [
        Scenario("disk: the power goes while the log is copied into the file").with {
            $0.checkpointPages = 8
            $0.faults = [.powerLoss, .endsBeforeCommit]
        }
    ]
}
