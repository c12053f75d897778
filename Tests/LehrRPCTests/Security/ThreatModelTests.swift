import LehrCore
import Testing

@testable import LehrRPC

/// The document says of each method what the table says.
@Suite struct ThreatModelTests {
    @Test func theDocumentHasTheTable() throws {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let bytes = try LocalFileSystem().read(
            "/\(folder)/../../../THREAT_MODEL.md", limit: 1 << 20)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let rows = lines.filter { $0.hasPrefix("| `/") }
        let table = AuthorizationTable.lehr
        #expect(rows.count == table.paths.count)
        for path in table.paths {
            let start = "| `\(path)` | \(table[path]?.who ?? "")"
            let isThere = rows.contains { $0 == start + " |" || $0.hasPrefix(start + ";") }
            #expect(isThere, "THREAT_MODEL.md lacks: \(start)")
        }
    }
}
