/// One batch of one part: a step of a job in sequential mode.
package struct StepID: Hashable, Comparable, Sendable, Codable {
    package let part: UInt32
    package let batch: UInt64

    package init(part: UInt32, batch: UInt64) {
        self.part = part
        self.batch = batch
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.part, left.batch) < (right.part, right.batch)
    }
}
