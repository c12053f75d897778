import CSQLite
import LehrCore

/// A file of a simulated disk as one process has it open.
final class OpenFile {
    private let vfs: SimulatedVFS
    private let file: SimulatedFile
    /// Its name is not durable yet.
    private var isNewJournal: Bool

    init(_ vfs: SimulatedVFS, _ file: SimulatedFile, isNewJournal: Bool) {
        self.vfs = vfs
        self.file = file
        self.isNewJournal = isNewJournal
    }

    private func read(_ target: UnsafeMutableRawBufferPointer, at offset: Int) -> Int32 {
        guard vfs.isAlive else { return SQLITE_IOERR }
        let count = min(max(0, file.bytes.count - offset), target.count)
        file.bytes.withUnsafeBytes { target.copyBytes(from: $0.dropFirst(offset).prefix(count)) }
        guard count < target.count else { return SQLITE_OK }
        // Callers expect zeros where there is nothing.
        for index in count..<target.count { target[index] = 0 }
        return ExtendedCode.shortRead
    }

    private func write(_ source: UnsafeRawBufferPointer, at offset: Int) -> Int32 {
        change {
            vfs.disk.write(source, to: file, at: offset) ? SQLITE_OK : SQLITE_FULL
        }
    }

    private func truncate(to length: Int) -> Int32 {
        change {
            file.truncate(to: length)
            return SQLITE_OK
        }
    }

    private func change(_ body: () -> Int32) -> Int32 {
        guard vfs.isAlive else { return SQLITE_IOERR }
        vfs.disk.beforeWrite()
        guard vfs.isAlive else { return SQLITE_IOERR }
        return body()
    }

    private func sync() -> Int32 {
        guard vfs.isAlive else { return SQLITE_IOERR }
        vfs.disk.beforeSync()
        guard vfs.isAlive else { return SQLITE_IOERR }
        vfs.disk.sync(file)
        if isNewJournal { vfs.disk.syncDirectory() }
        isNewJournal = false
        // Whatever follows is done by nobody any more, if the process has ended here.
        vfs.disk.afterSync()
        return SQLITE_OK
    }

    /// A file has one user, who is alive.
    private func lock() -> Int32 {
        if let holder = file.holder, holder !== self, holder.vfs.isAlive { return SQLITE_BUSY }
        file.holder = self
        return SQLITE_OK
    }

    private func unlock() {
        if file.holder === self { file.holder = nil }
    }

    // MARK: - As SQLite sees it

    /// Of what SQLite reserves for an open file: its own part, and a reference to one of these.
    static let size = MemoryLayout<sqlite3_file>.stride + MemoryLayout<UnsafeRawPointer>.stride

    func store(in file: UnsafeMutablePointer<sqlite3_file>) {
        file.pointee.pMethods = UnsafePointer(Self.methods)
        UnsafeMutableRawPointer(file).storeBytes(
            of: Unmanaged.passRetained(self).toOpaque(),
            toByteOffset: MemoryLayout<sqlite3_file>.stride, as: UnsafeMutableRawPointer.self)
    }

    private static func reference(
        in file: UnsafeMutablePointer<sqlite3_file>?
    ) -> Unmanaged<OpenFile>? {
        file.map {
            let pointer = UnsafeRawPointer($0).load(
                fromByteOffset: MemoryLayout<sqlite3_file>.stride, as: UnsafeRawPointer.self)
            return .fromOpaque(pointer)
        }
    }

    private static func of(_ file: UnsafeMutablePointer<sqlite3_file>?) -> OpenFile? {
        reference(in: file)?.takeUnretainedValue()
    }

    /// Made once, never changed and never freed.
    nonisolated(unsafe) private static let methods: UnsafeMutablePointer<sqlite3_io_methods> = {
        var methods = sqlite3_io_methods()
        methods.iVersion = 1
        methods.xClose = { file in
            let handle = reference(in: file)?.takeRetainedValue()
            handle?.unlock()
            return SQLITE_OK
        }
        methods.xRead = { file, target, count, offset in
            let target = UnsafeMutableRawBufferPointer(start: target, count: Int(count))
            return of(file)?.read(target, at: Int(offset)) ?? SQLITE_MISUSE
        }
        methods.xWrite = { file, source, count, offset in
            let source = UnsafeRawBufferPointer(start: source, count: Int(count))
            return of(file)?.write(source, at: Int(offset)) ?? SQLITE_MISUSE
        }
        methods.xTruncate = { file, length in
            of(file)?.truncate(to: Int(length)) ?? SQLITE_MISUSE
        }
        methods.xSync = { file, _ in of(file)?.sync() ?? SQLITE_MISUSE }
        methods.xFileSize = { file, length in
            guard let handle = of(file), handle.vfs.isAlive else { return SQLITE_IOERR }
            length?.pointee = Int64(handle.file.bytes.count)
            return SQLITE_OK
        }
        methods.xLock = { file, _ in of(file)?.lock() ?? SQLITE_MISUSE }
        methods.xUnlock = { file, level in
            if level == SQLITE_LOCK_NONE { of(file)?.unlock() }
            return SQLITE_OK
        }
        methods.xCheckReservedLock = { _, isReserved in
            isReserved?.pointee = 0
            return SQLITE_OK
        }
        methods.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        methods.xSectorSize = { _ in 4096 }
        methods.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
        let made = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        made.initialize(to: methods)
        return made
    }()
}

/// Results that C spells as expressions, which Swift does not import.
enum ExtendedCode {
    static let shortRead = SQLITE_IOERR | 2 << 8
    static let deletedNothing = SQLITE_IOERR | 23 << 8
}
