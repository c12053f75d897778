/// `lehr bench membership`: what the members of a cluster cost its coordinator.
package enum MembershipBenchmark {
    package static let measures: [BenchMeasure<MembershipStage>] = [
        BenchMeasure(
            name: "sockets", summary: "CPU, memory and joins, with a connection each",
            run: SocketMembers.measure),
        BenchMeasure(
            name: "memory", summary: "what a renewal, an end and a member cost, without sockets",
            run: SimulatedMembers.measure),
    ]

    /// Members of a cluster in one process.
    package static let membersMax = 30_000

    /// Removes the files of a run that does not come to its end.
    package static func removeFiles() { MembershipStage.removeFiles() }

    /// Runs the measures of these names, in the order above.
    package static func run(
        only names: [String], quick: Bool, members: Int, launcher: Launcher,
        progress: (String) -> Void
    ) throws -> BenchReport {
        let processors = Processors()
        let stage = try MembershipStage(launcher, processors, isQuick: quick, members: members)
        var report = BenchReport(
            "membership", Machine(processors), rounds: stage.rounds, quick: quick)
        report.take(measures, only: names, on: stage, progress: progress)
        return report
    }
}
