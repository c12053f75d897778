import LehrCore

extension Fault {
    /// Something happens to the coordinator at a moment of its work with the disk; if that ends it, it
    /// comes back.
    private static func disk(
        _ name: String, times: Int = 1,
        _ mishap: @escaping @Sendable (FaultPlan) -> SimulatedDisk.Mishap
    ) -> Fault {
        Fault(name: "disk: \(name)") { plan in
            for _ in 0..<times {
                plan.once { end in
                    let disk = plan.cluster.disk
                    guard plan.cluster.isAlive("coordinator"), disk.nextMishap == nil else {
                        return false
                    }
                    plan.say("disk: \(name)")
                    disk.nextMishap = mishap(plan)
                    plan.endWithDisk(end) {
                        defer { disk.nextMishap = nil }
                        return disk.nextMishap == nil
                    }
                    return true
                }
            }
        }
    }

    /// The disk has room for a little only, for a while: a commit is refused, perhaps in its middle.
    package static let fullDisk = Fault(name: "disk: full") { plan in
        plan.once { end in
            let disk = plan.cluster.disk
            guard plan.cluster.isAlive("coordinator"), disk.room == nil else { return false }
            plan.say("disk: full")
            disk.room = plan.below(20_000)
            let before = disk.refusedCount
            plan.endWithDisk(end) {
                disk.room = nil
                return disk.refusedCount > before
            }
            return true
        }
    }

    package static let endsBeforeCommit = disk("the process ends in the middle of a commit") {
        .ends(.write(1 + $0.below(12)))
    }
    package static let endsAfterCommit = disk("the process ends after a commit") { _ in
        .ends(.synced)
    }
    package static let powerLoss = disk("the power goes during a commit", times: 2) {
        .losesPower($0.oneOf([.write(1 + $0.below(12)), .sync, .synced]))
    }
    package static let slowSync = disk("slow fsync", times: 4) { _ in .slow(.milliseconds(700)) }
}

extension FaultPlan {
    /// Ends the fault after a while by `stop`, which says whether it had an effect.
    fileprivate func endWithDisk(
        _ end: @escaping (Bool) -> Void, _ stop: @escaping () -> Bool
    ) {
        after(drawn(from: .milliseconds(200), below: .seconds(3))) { [self] in
            let hadEffect = stop()
            // The process may be about to end.
            after(ClusterSandbox.agony) { [self] in
                if !cluster.isAlive("coordinator") {
                    say("restart coordinator")
                    try? cluster.restart("coordinator")
                }
                end(hadEffect)
            }
        }
    }
}
