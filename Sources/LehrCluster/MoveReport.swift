import CLehrWire
package import LehrCore
package import LehrWire

/// What the destination of a move says of it.
package struct MoveReport: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        /// It has everything, and the source is sealed.
        case ready
        /// It knows that it is the owner, and opens once it has heard that this is known.
        case taken
        /// It has given up, and why.
        case failed(String)
    }

    package var partition: PartitionID
    package var move: UInt64
    package var state: State

    package init(_ partition: PartitionID, move: UInt64, _ state: State) {
        self.partition = partition
        self.move = move
        self.state = state
    }
}

extension MoveReport {
    package init(wire: borrowing Wire.ReportMoveRequest) throws(TranslationError) {
        partition = PartitionID(table: TableID(wire.table), index: wire.partition)
        move = wire.move
        switch wire.state.rawValue {
        case 1: state = .ready
        case 2: state = .taken
        case 3: state = .failed(text(wire.failure))
        default: throw TranslationError("a move is ready, taken or failed")
        }
    }

    package func fill(_ wire: inout Wire.ReportMoveRequest, _ arena: WireArena) {
        wire.table = partition.table.value
        wire.partition = partition.index
        wire.move = move
        switch state {
        case .ready: wire.state = .init(rawValue: 1)
        case .taken: wire.state = .init(rawValue: 2)
        case .failed(let reason):
            wire.state = .init(rawValue: 3)
            wire.failure = arena.string(reason)
        }
    }
}
