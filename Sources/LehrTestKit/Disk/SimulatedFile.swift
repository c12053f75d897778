package import LehrCore

/// A file in memory that knows which of its bytes outlive the power: those synced, and of what was
/// written since then whatever chance leaves.
///
/// A disk writes a sector as a whole or not at all. It does so in any order and as often as it likes,
/// so that after a loss each sector is as some write since the last sync left it, or as it was then;
/// and so is the length of the file.
package final class SimulatedFile {
    /// Bytes of a sector: the least that disks write at once, so that tears are as many as can be.
    package static let sector = 512

    /// Whoever has locked it.
    weak var holder: OpenFile?
    /// What processes read.
    package private(set) var bytes: [UInt8] = []
    private var synced: [UInt8] = []
    /// Since the last sync.
    private var writes: [Write] = []

    private struct Write {
        let offset: Int
        let bytes: [UInt8]
        /// Of the file, once this is done.
        let length: Int

        var sectors: Range<Int> {
            let sector = SimulatedFile.sector
            return bytes.isEmpty
                ? 0..<0 : offset / sector..<(offset + bytes.count + sector - 1) / sector
        }
    }

    /// Bytes by which a write would lengthen the file.
    func growth(ofWriting count: Int, at offset: Int) -> Int {
        max(0, offset + count - bytes.count)
    }

    package init() {}

    package func write(_ source: UnsafeRawBufferPointer, at offset: Int) {
        record(
            Write(
                offset: offset, bytes: Array(source),
                length: max(bytes.count, offset + source.count)))
    }

    /// What is cut off is zeros, should the file grow again.
    package func truncate(to length: Int) {
        let zeros = [UInt8](repeating: 0, count: max(0, bytes.count - length))
        record(Write(offset: length, bytes: zeros, length: length))
    }

    private func record(_ write: Write) {
        writes.append(write)
        bytes.apply(write.bytes[...], at: write.offset)
        bytes.resize(to: write.length)
    }

    package func sync() {
        for write in writes {
            synced.apply(write.bytes[...], at: write.offset)
            synced.resize(to: write.length)
        }
        writes.removeAll(keepingCapacity: true)
    }

    /// What is left when the power comes back.
    package func losePower(_ chance: inout Survival) {
        var counts: [Int: Int] = [:]
        for sector in writes.lazy.flatMap(\.sectors) { counts[sector, default: 0] += 1 }
        var left: [Int: Int] = [:]
        for (sector, count) in counts.sorted(by: { $0.key < $1.key }) {
            left[sector] = chance.drawn(of: count)
        }
        let length = ([synced.count] + writes.map(\.length))[chance.drawn(of: writes.count)]
        for write in writes {
            for sector in write.sectors {
                guard let count = left[sector], count > 0 else { continue }
                left[sector] = count - 1
                let start = max(sector * Self.sector, write.offset) - write.offset
                let end = min((sector + 1) * Self.sector - write.offset, write.bytes.count)
                synced.apply(write.bytes[start..<end], at: write.offset + start)
            }
        }
        synced.resize(to: length)
        bytes = synced
        writes = []
    }
}

/// How much of what was not synced is there after the power has gone: by chance nothing, all, or
/// something in between.
package struct Survival {
    private var random: RandomSource
    private let percent: Int

    package init(_ random: inout RandomSource) {
        self.random = RandomSource(seed: random.next())
        percent = [0, 50, 95, 100][random.below(4)]
    }

    /// Of `count` states that followed a synced one, which is 0: the one that is left.
    mutating func drawn(of count: Int) -> Int {
        guard count > 0 else { return 0 }
        return random.below(100) < percent ? count : random.below(count)
    }
}

extension [UInt8] {
    /// Writes over what is there, and beyond it.
    fileprivate mutating func apply(_ source: ArraySlice<UInt8>, at offset: Int) {
        if count < offset + source.count { resize(to: offset + source.count) }
        withUnsafeMutableBytes { target in
            source.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + $0.count])
                    .copyMemory(from: $0)
            }
        }
    }

    fileprivate mutating func resize(to length: Int) {
        if length < count { removeLast(count - length) }
        if length > count { append(contentsOf: repeatElement(0, count: length - count)) }
    }
}
