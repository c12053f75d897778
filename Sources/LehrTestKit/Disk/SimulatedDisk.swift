import LehrCore

/// A disk in memory, which outlives the processes that use it: what they wrote when they end, and
/// what they synced when the power goes; of the rest some (`SimulatedFile`).
///
/// SQLite reaches it through a `SimulatedVFS` for each life of a process.
package final class SimulatedDisk {
    /// When something happens to whoever uses the disk.
    package enum Moment: Sendable {
        /// Just before so many more writes, counted from 1.
        case write(Int)
        /// Before the next sync has done anything.
        case sync
        /// Just after the next sync.
        case synced
    }

    package enum Mishap: Sendable {
        /// The process ends as by `kill -9`: what it wrote stays.
        case ends(Moment)
        /// The power goes: of what was not synced some stays, in any order, torn between sectors.
        case losesPower(Moment)
        /// The next sync takes this long.
        case slow(Duration)
    }

    /// Whether syncs do anything at all; false only to see what the simulator finds then.
    package var isSyncing = true
    package var nextMishap: Mishap?
    /// Bytes that there is room for; nil: as many as one likes.
    package var room: Int?
    /// Writes that found no room, and syncs, so far.
    package private(set) var refusedCount = 0
    package private(set) var syncCount = 0
    /// Ends the process that uses the disk.
    package var onEnd: (() -> Void)?
    var onSlow: ((Duration) -> Void)?
    private(set) var directory = SimulatedDirectory()
    private var random: RandomSource

    package init(seed: UInt64) { random = RandomSource(seed: seed) }

    /// The power goes, and comes back.
    package func losePower() {
        var survival = Survival(&random)
        directory.losePower(&survival)
    }

    /// Bytes for SQLite's own use.
    func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        for index in bytes.indices { bytes[index] = UInt8(random.below(256)) }
    }

    // MARK: - Of a file system

    func create(_ name: String) -> SimulatedFile { directory.create(name) }

    func remove(_ name: String) { directory.remove(name) }

    func syncDirectory() { if isSyncing { directory.sync() } }

    /// False: there is no room.
    func write(_ bytes: UnsafeRawBufferPointer, to file: SimulatedFile, at offset: Int) -> Bool {
        let growth = file.growth(ofWriting: bytes.count, at: offset)
        if let room, growth > room {
            refusedCount += 1
            return false
        }
        room = room.map { $0 - growth }
        file.write(bytes, at: offset)
        return true
    }

    func sync(_ file: SimulatedFile) {
        syncCount += 1
        if isSyncing { file.sync() }
        if case .slow(let duration) = nextMishap {
            nextMishap = nil
            onSlow?(duration)
        }
    }

    // MARK: - Mishaps

    /// Lets what is due before a write happen.
    func beforeWrite() {
        strike { moment in
            guard case .write(let count) = moment else { return (false, moment) }
            return (count <= 1, .write(count - 1))
        }
    }

    func beforeSync() { strike { if case .sync = $0 { (true, $0) } else { (false, $0) } } }

    func afterSync() { strike { if case .synced = $0 { (true, $0) } else { (false, $0) } } }

    private func strike(_ reach: (Moment) -> (isNow: Bool, next: Moment)) {
        switch nextMishap {
        case .ends(let moment):
            let (isNow, next) = reach(moment)
            nextMishap = isNow ? nil : .ends(next)
            if isNow { onEnd?() }
        case .losesPower(let moment):
            let (isNow, next) = reach(moment)
            nextMishap = isNow ? nil : .losesPower(next)
            guard isNow else { return }
            onEnd?()
            losePower()
        case .slow, nil: break
        }
    }
}
