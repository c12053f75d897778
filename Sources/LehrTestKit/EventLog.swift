package import LehrCore

/// What happened in a simulation, line by line, with a running hash of it all.
package final class EventLog {
    package private(set) var lineCount = 0
    /// FNV-1a over all lines: equal logs have equal hashes.
    package private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private let keep: (String) -> Void

    /// - Parameter keep: gets each line, such as to print it.
    package init(keep: @escaping (String) -> Void = { _ in }) { self.keep = keep }

    package func note(_ line: String) {
        lineCount += 1
        for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ 10) &* 0x100_0000_01B3
        keep(line)
    }

    package func note(_ time: Instant, _ what: String) { note("\(time.nanoseconds) \(what)") }
}
