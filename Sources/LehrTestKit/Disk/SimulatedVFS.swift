import CSQLite
import Glibc
package import LehrCore
import Synchronization

/// SQLite's way to a simulated disk for one life of a process: what it does after its end reaches the
/// disk no more.
///
/// Answers as SQLite's own layer for Linux does: the same sector size and promises of the device, and
/// a directory is synced with the first sync of a new journal in it. There is no shared memory: the
/// log's index is in the heap, as the store locks its file for itself.
package final class SimulatedVFS {
    package let name: String
    let disk: SimulatedDisk
    private let living: () -> Bool
    private let clock: () -> Instant
    private let vfs: UnsafeMutablePointer<sqlite3_vfs>
    private let cName: UnsafeMutablePointer<CChar>

    private static let number = Atomic<UInt64>(0)
    static let pathMax: Int32 = 256

    /// - Parameters:
    ///   - isAlive: whether the process is.
    ///   - clock: what SQLite takes for the time.
    package init(
        _ disk: SimulatedDisk, isAlive: @escaping () -> Bool = { true },
        clock: @escaping () -> Instant = { Instant(nanoseconds: 0) }
    ) {
        self.disk = disk
        living = isAlive
        self.clock = clock
        name = "simulated-\(Self.number.add(1, ordering: .relaxed).newValue)"
        cName = name.withCString { strdup($0) }
        vfs = .allocate(capacity: 1)
        vfs.initialize(to: sqlite3_vfs())
        fillIn()
        sqlite3_vfs_register(vfs, 0)
    }

    /// No connection may be open any more.
    deinit {
        sqlite3_vfs_unregister(vfs)
        vfs.deallocate()
        free(cName)
    }

    var isAlive: Bool { living() }

    /// Makes what SQLite draws for itself, such as the salt of its log, follow from a seed: for a
    /// process that does one thing after another, as the generator is the whole process's.
    package static func seedSQLite(_ seed: UInt64) {
        var random = RandomSource(seed: seed)
        lehr_sqlite_seed(Int32(truncatingIfNeeded: random.next()) | 1)
    }

    /// Milliseconds since the beginning of Julian days; virtual time begins in 1970.
    fileprivate var julianMilliseconds: Int64 {
        210_866_760_000_000 + Int64(clock().nanoseconds / 1_000_000)
    }

    fileprivate func open(
        _ path: String?, _ file: UnsafeMutablePointer<sqlite3_file>, _ flags: Int32
    ) -> Int32 {
        guard isAlive else { return SQLITE_IOERR }
        let found: SimulatedFile
        var isNew = false
        if let path {
            if let known = disk.directory.files[path] {
                found = known
            } else if flags & SQLITE_OPEN_CREATE != 0 {
                found = disk.create(path)
                isNew = true
            } else {
                return SQLITE_CANTOPEN
            }
        } else {
            found = SimulatedFile()
        }
        let isJournal = flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL) != 0
        let handle = OpenFile(self, found, isNewJournal: isNew && isJournal)
        handle.store(in: file)
        return SQLITE_OK
    }

    fileprivate func remove(_ path: String, syncing: Bool) -> Int32 {
        guard isAlive else { return SQLITE_IOERR }
        guard disk.directory.files[path] != nil else { return ExtendedCode.deletedNothing }
        disk.remove(path)
        if syncing { disk.syncDirectory() }
        return SQLITE_OK
    }

    private func fillIn() {
        vfs.pointee.iVersion = 2
        vfs.pointee.szOsFile = Int32(OpenFile.size)
        vfs.pointee.mxPathname = Self.pathMax
        vfs.pointee.zName = UnsafePointer(cName)
        vfs.pointee.pAppData = Unmanaged.passUnretained(self).toOpaque()
        vfs.pointee.xOpen = { vfs, path, file, flags, outFlags in
            guard let vfs, let file else { return SQLITE_MISUSE }
            file.pointee.pMethods = nil
            outFlags?.pointee = flags
            return SimulatedVFS.of(vfs).open(path.map { String(cString: $0) }, file, flags)
        }
        vfs.pointee.xDelete = { vfs, path, syncs in
            guard let vfs, let path else { return SQLITE_MISUSE }
            return SimulatedVFS.of(vfs).remove(String(cString: path), syncing: syncs != 0)
        }
        vfs.pointee.xAccess = { vfs, path, flags, result in
            guard let vfs, let path else { return SQLITE_MISUSE }
            // An empty file is as none.
            let file = SimulatedVFS.of(vfs).disk.directory.files[String(cString: path)]
            result?.pointee = file?.bytes.isEmpty == false ? 1 : 0
            return SQLITE_OK
        }
        vfs.pointee.xFullPathname = { _, path, size, target in
            guard let path, let target, strlen(path) < size else { return SQLITE_CANTOPEN }
            strcpy(target, path)
            return SQLITE_OK
        }
        vfs.pointee.xRandomness = { vfs, count, target in
            guard let vfs else { return 0 }
            SimulatedVFS.of(vfs).disk.fill(
                UnsafeMutableRawBufferPointer(start: target, count: Int(count)))
            return count
        }
        vfs.pointee.xSleep = { _, microseconds in microseconds }
        vfs.pointee.xCurrentTime = { vfs, days in
            guard let vfs else { return SQLITE_MISUSE }
            days?.pointee = Double(SimulatedVFS.of(vfs).julianMilliseconds) / 86_400_000
            return SQLITE_OK
        }
        vfs.pointee.xCurrentTimeInt64 = { vfs, milliseconds in
            guard let vfs else { return SQLITE_MISUSE }
            milliseconds?.pointee = SimulatedVFS.of(vfs).julianMilliseconds
            return SQLITE_OK
        }
        vfs.pointee.xGetLastError = { _, _, _ in 0 }
    }

    private static func of(_ vfs: UnsafeMutablePointer<sqlite3_vfs>) -> SimulatedVFS {
        Unmanaged.fromOpaque(vfs.pointee.pAppData).takeUnretainedValue()
    }
}
