import CSQLite
import FoundationEssentials
import LehrCore
import LehrMembership

/// The coordinator's records in one SQLite file, a row for each, as JSON.
///
/// WAL with `synchronous = FULL`: a transaction that was answered survives the loss of power. The
/// file is locked for as long as it is open, so that two coordinators cannot share it.
package final class SQLiteStateStore: StateStore {
    /// How SQLite keeps the file. Less than this keeps no promise: it shows that tests would notice.
    package struct Settings: Sendable {
        package var journalMode = "WAL"
        package var synchronous = "FULL"
        /// Pages of the log after which it is copied into the file.
        package var checkpointPages = 1000

        package init() {}
    }

    private let path: String
    private var database: OpaquePointer?
    private var upsert: OpaquePointer?
    private var delete: OpaquePointer?
    private let encoder = JSONEncoder()

    private static let schemaVersion = 2

    /// Opens or creates the file.
    ///
    /// - Parameter vfs: how SQLite reaches the disk, by the name under which it is registered; nil:
    ///   as the system does.
    package init(
        path: String, vfs: String? = nil, settings: Settings = Settings()
    ) throws(StateStoreError) {
        self.path = path
        encoder.outputFormatting = .sortedKeys
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        try check(sqlite3_open_v2(path, &database, flags, vfs), "open")
        try run("PRAGMA locking_mode = EXCLUSIVE")
        try run("PRAGMA journal_mode = \(settings.journalMode)")
        try run("PRAGMA synchronous = \(settings.synchronous)")
        try run("PRAGMA wal_autocheckpoint = \(settings.checkpointPages)")
        // A write at once, so that another coordinator on the same file is noticed now.
        try run("BEGIN IMMEDIATE")
        try checkSchema()
        try run(
            """
            CREATE TABLE IF NOT EXISTS record (
                kind TEXT NOT NULL, id TEXT NOT NULL, value BLOB NOT NULL,
                PRIMARY KEY (kind, id)) WITHOUT ROWID
            """)
        try run("COMMIT")
        upsert = try prepare("INSERT OR REPLACE INTO record (kind, id, value) VALUES (?1, ?2, ?3)")
        delete = try prepare("DELETE FROM record WHERE kind = ?1 AND id = ?2")
    }

    deinit {
        sqlite3_finalize(upsert)
        sqlite3_finalize(delete)
        sqlite3_close_v2(database)
    }

    package func load() throws(StateStoreError) -> DurableState {
        let rows = try prepare("SELECT kind, id, value FROM record ORDER BY kind, id")
        defer { sqlite3_finalize(rows) }
        // A key names one row, so nothing has to be replaced.
        var state = DurableState()
        let decoder = JSONDecoder()
        while true {
            let status = sqlite3_step(rows)
            if status == SQLITE_DONE { return state }
            guard status == SQLITE_ROW else { throw failure("read", status) }
            let size = Int(sqlite3_column_bytes(rows, 2))
            let data = sqlite3_column_blob(rows, 2).map { Data(bytes: $0, count: size) } ?? Data()
            do {
                state.append(try decoder.decode(StateRecord.self, from: data))
            } catch {
                let name = sqlite3_column_text(rows, 1).map { String(cString: $0) } ?? ""
                throw StateStoreError("\(path): record \(name) is damaged: \(error)")
            }
        }
    }

    package func save(_ records: [StateRecord]) throws(StateStoreError) {
        guard !records.isEmpty else { return }
        try run("BEGIN IMMEDIATE")
        do throws(StateStoreError) {
            for record in records { try write(record) }
            try run("COMMIT")
        } catch {
            sqlite3_exec(database, "ROLLBACK", nil, nil, nil)
            throw error
        }
    }

    private func write(_ record: StateRecord) throws(StateStoreError) {
        let key = record.key
        guard !record.isRemoval else { return try step(delete, key.kind, key.id, nil) }
        let value: Data
        do { value = try encoder.encode(record) } catch {
            throw StateStoreError("cannot encode record \(key.kind) \(key.id): \(error)")
        }
        try step(upsert, key.kind, key.id, value)
    }

    // MARK: - SQLite

    private func step(
        _ statement: OpaquePointer?, _ kind: String, _ id: String, _ value: Data?
    ) throws(StateStoreError) {
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        try check(sqlite3_bind_text(statement, 1, kind, -1, lehr_sqlite_transient()), "bind")
        try check(sqlite3_bind_text(statement, 2, id, -1, lehr_sqlite_transient()), "bind")
        if let value {
            let status = value.withUnsafeBytes {
                sqlite3_bind_blob(
                    statement, 3, $0.baseAddress, Int32($0.count), lehr_sqlite_transient())
            }
            try check(status, "bind")
        }
        let status = sqlite3_step(statement)
        guard status == SQLITE_DONE else { throw failure("write", status) }
    }

    private func checkSchema() throws(StateStoreError) {
        let row = try prepare("PRAGMA user_version")
        defer { sqlite3_finalize(row) }
        let status = sqlite3_step(row)
        guard status == SQLITE_ROW else { throw failure("read", status) }
        let version = Int(sqlite3_column_int(row, 0))
        if version == 0 { return try run("PRAGMA user_version = \(Self.schemaVersion)") }
        guard version == Self.schemaVersion else {
            throw StateStoreError(
                "\(path): written by another version (schema \(version), "
                    + "this one reads \(Self.schemaVersion))")
        }
    }

    private func prepare(_ sql: String) throws(StateStoreError) -> OpaquePointer? {
        var statement: OpaquePointer?
        try check(sqlite3_prepare_v2(database, sql, -1, &statement, nil), "prepare")
        return statement
    }

    private func run(_ sql: String) throws(StateStoreError) {
        try check(sqlite3_exec(database, sql, nil, nil, nil), "write")
    }

    private func check(_ status: Int32, _ what: String) throws(StateStoreError) {
        guard status == SQLITE_OK else { throw failure(what, status) }
    }

    private func failure(_ what: String, _ status: Int32) -> StateStoreError {
        if status == SQLITE_BUSY {
            return StateStoreError("\(path) is in use by another coordinator")
        }
        let reason = sqlite3_errmsg(database).map { String(cString: $0) } ?? "error \(status)"
        return StateStoreError("cannot \(what) \(path): \(reason)")
    }
}
