package import LehrCore
package import LehrTable

/// What is to be placed, and where it may go.
package struct PlacementProblem: Sendable {
    /// A table to be cut into `2^partitionBits` partitions.
    package struct Variable: Sendable {
        package var spec: TableSpec
        package var partitionBits: Int

        package init(spec: TableSpec, partitionBits: Int) {
            self.spec = spec
            self.partitionBits = partitionBits
        }
    }

    /// A shard that may own partitions.
    package struct Host: Sendable {
        package var member: MemberIncarnation
        package var coreCount: Int

        package init(member: MemberIncarnation, coreCount: Int) {
            self.member = member
            self.coreCount = coreCount
        }
    }

    package var variables: [Variable]
    package var hosts: [Host]

    package init(variables: [Variable], hosts: [Host]) {
        self.variables = variables
        self.hosts = hosts
    }
}

/// One core of one shard.
package struct Home: Hashable, Sendable {
    package var member: MemberIncarnation
    package var core: UInt32

    package init(member: MemberIncarnation, core: UInt32) {
        self.member = member
        self.core = core
    }
}

/// Where everything goes: for each variable, a home for each partition in order.
package struct PlacementPlan: Sendable, Equatable {
    package var homes: [[Home]]

    package init(homes: [[Home]]) { self.homes = homes }
}

/// A way of deciding where partitions live. Pure: the same problem gives the same plan.
package protocol Placer: Sendable {
    /// Nil when there is no core to place anything on.
    func plan(_ problem: PlacementProblem) -> PlacementPlan?
}
