/// The ways of placing that a plan starts from and is compared with.
package enum PlainPlacer: String, CaseIterable, Sendable {
    case roundRobin = "round-robin"
    case evenSplit = "even-split"
    case greedy

    /// Nil when there is no core to place anything on.
    package func plan(_ problem: PlacementProblem) -> PlacementPlan? {
        let placer: any Placer =
            switch self {
            case .roundRobin: RoundRobinPlacer()
            case .evenSplit: EvenSplitPlacer()
            case .greedy: GreedyPlacer()
            }
        return placer.plan(problem)
    }
}
