package import LehrCore

/// A partition on its way from the core that owns it to another one.
///
/// The destination copies the rows while the owner goes on; the owner seals the partition and sends the
/// rest; the coordinator makes the destination the owner; that one says that it knows, opens when it has heard
/// that the move has ended, and the source drops its rows (`Tests/Protocol/migration.pml`).
package struct PartitionMove: Sendable, Equatable, Codable {
    package enum Phase: String, Sendable, Codable {
        /// The source is the owner, and the destination has not got everything yet.
        case copying
        /// The destination is the owner, and has not said yet that it knows. It is not open, and the source
        /// keeps its rows.
        case handedOver
    }

    /// A core of one life of a shard.
    package struct End: Sendable, Hashable, Codable {
        package var member: MemberIncarnation
        /// For messages to people.
        package var name: String
        package var core: UInt32

        package init(member: MemberIncarnation, name: String, core: UInt32) {
            self.member = member
            self.name = name
            self.core = core
        }
    }

    /// No two moves have the same.
    package var number: UInt64
    package var phase: Phase
    package var source: End
    package var destination: End

    package init(number: UInt64, phase: Phase, source: End, destination: End) {
        self.number = number
        self.phase = phase
        self.source = source
        self.destination = destination
    }
}
