import CLehrWire
package import LehrCore
package import LehrWire

/// What makes a push happen once, however often it is sent.
package struct PushIdentity: Hashable, Sendable {
    package var job: JobID
    package var generation: UInt32
    package var part: UInt32
    package var batch: UInt64
    /// Batches of the part below this are settled on every owner.
    package var floor: UInt64
    /// Grows each time the part changes hands.
    package var attempt: UInt32
    /// Parts below this are settled on every owner.
    package var partFloor: UInt32

    package init(
        job: JobID, generation: UInt32, part: UInt32, batch: UInt64, floor: UInt64,
        attempt: UInt32, partFloor: UInt32
    ) {
        self.job = job
        self.generation = generation
        self.part = part
        self.batch = batch
        self.floor = floor
        self.attempt = attempt
        self.partFloor = partFloor
    }

    package init(wire: borrowing Wire.PushIdentity) {
        self.init(
            job: JobID(wire.job), generation: wire.generation, part: wire.part, batch: wire.batch,
            floor: wire.floor, attempt: wire.attempt, partFloor: wire.part_floor)
    }

    package func fill(_ wire: inout Wire.PushIdentity) {
        wire.job = job.value
        wire.generation = generation
        (wire.part, wire.batch, wire.floor) = (part, batch, floor)
        (wire.attempt, wire.part_floor) = (attempt, partFloor)
    }
}
