import LehrCore

extension Fault {
    /// A commit of the coordinator ends in such a way; if that ends the process, it comes back.
    package static func disk(
        _ name: String, times: Int = 1, _ mishap: SimulatedDisk.Mishap
    ) -> Fault {
        Fault(name: "disk: \(name)") { plan in
            for _ in 0..<times {
                plan.once { end in
                    let disk = plan.cluster.disk
                    guard plan.cluster.isAlive("coordinator"), disk.nextMishap == nil else {
                        return false
                    }
                    plan.say("disk: \(name)")
                    disk.nextMishap = mishap
                    plan.after(plan.drawn(from: .milliseconds(200), below: .seconds(3))) {
                        let hadEffect = disk.nextMishap == nil
                        disk.nextMishap = nil
                        // The process may be about to end.
                        plan.after(ClusterSandbox.agony) {
                            if !plan.cluster.isAlive("coordinator") {
                                plan.say("restart coordinator")
                                try? plan.cluster.restart("coordinator")
                            }
                            end(hadEffect)
                        }
                    }
                    return true
                }
            }
        }
    }

    package static let fullDisk = disk("full", .full)
    package static let endsBeforeCommit = disk("the process ends before a commit", .endsBefore)
    package static let endsAfterCommit = disk("the process ends after a commit", .endsAfter)
    package static let powerLoss = disk("the power goes during a commit", times: 2, .losesPower)
    package static let slowSync = disk("slow fsync", times: 4, .slow(.milliseconds(700)))
}
