/// Which of a process's lives a Join is about: tells one that is sent again, or comes late, from one
/// of another process.
package struct ProcessLife: Hashable, Sendable, Codable {
    /// Drawn when the process starts; not 0.
    package var process: UInt64
    /// Counts the lives that the process has begun, from 1: a Join that is sent again because its
    /// answer did not come is of the same life.
    package var life: UInt32

    package init(process: UInt64, life: UInt32) {
        self.process = process
        self.life = life
    }
}
