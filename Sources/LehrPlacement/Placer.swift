/// Where everything goes: for each variable, a home for each partition in order.
///
/// A variable has a power of two of homes, `2^partitionBits` unless the placer may cut it otherwise.
package struct PlacementPlan: Sendable, Equatable {
    package var homes: [[Home]]

    package init(homes: [[Home]]) { self.homes = homes }
}

/// A way of deciding where partitions live. Pure: the same problem gives the same plan.
package protocol Placer: Sendable {
    /// Nil when there is no core to place anything on.
    func plan(_ problem: PlacementProblem) -> PlacementPlan?
}
