import LehrTable

/// What a table snapshot consists of; written as `manifest.json`, after everything it names.
///
/// Beside it is `manifest.sha256`, in the form of the command `sha256sum`, so that no changed byte of
/// the directory goes unnoticed.
struct SnapshotManifest: Equatable, ManifestDocument {
    static let currentVersion = 1
    static let checksumFile = "manifest.sha256"
    static let segmentSuffix = ".safetensors"
    /// Most segments, so that a manifest stays below `Manifest.byteLimit`.
    static let segmentsMax = 4096
    /// Longest segment file that is read.
    static let segmentBytesLimit = 1 << 30

    var formatVersion = Self.currentVersion
    var snapshot: SnapshotDescription
    var format: RowFormat
    /// Of all segments.
    var rows: Int
    var segments: [Manifest.Segment]

    /// The name of the segment file at `index`.
    static func segmentName(_ index: Int) -> String {
        let digits = String(index)
        return "rows-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
            + segmentSuffix
    }

    /// What the checksum file says of a manifest.
    static func checksum(_ manifest: [UInt8]) throws(ArtifactError) -> String {
        let hash = try manifest.span.withUnsafeBytes { (raw) throws(ArtifactError) in
            try SHA256.hex(of: raw)
        }
        return "\(hash)  \(Manifest.fileName)\n"
    }

    func validate(path: String) throws(ArtifactError) {
        func require(_ condition: Bool, _ key: String, _ problem: String) throws(ArtifactError) {
            guard condition else { throw .manifest(file: path, key: key, problem: problem) }
        }
        try validateCommon(path: path)
        try require(!snapshot.table.isEmpty, "snapshot.table", "must not be empty")
        let buckets = snapshot.buckets
        try require(
            buckets.first >= 0 && buckets.count >= 0
                && !buckets.first.addingReportingOverflow(buckets.count).overflow,
            "snapshot.buckets", "\(buckets.first) and \(buckets.count) are no range")
        try require(
            RowFormat.keyWordsAllowed.contains(format.keyWords), "format.keyWords",
            "must be 1 or 2")
        try require(
            segments.count <= Self.segmentsMax, "segments",
            "\(segments.count) are more than \(Self.segmentsMax)")
        var total = 0
        for (index, segment) in segments.enumerated() {
            let key = "segments[\(index)]"
            let name = Self.segmentName(index)
            try require(segment.file == name, key + ".file", "must be \(name)")
            try require(
                segment.bytes <= Self.segmentBytesLimit, key + ".bytes",
                "\(segment.bytes) are more than \(Self.segmentBytesLimit)")
            let rows = try SegmentColumn.rowCount(
                segment.tensors, format, file: "\(path): \(key).tensors")
            let (sum, overflow) = total.addingReportingOverflow(rows)
            try require(!overflow, "segments", "the number of their rows overflows")
            total = sum
        }
        try require(
            rows == total, "rows", "\(rows), but the segments have \(total)")
    }
}
