import LehrCore

/// Collects the rows of one tensor in a file of its own until their number is known.
package final class TensorWriter {
    let segment: String
    let name: String
    let type: ElementType
    let rowShape: [Int]
    let spoolPath: String
    private let spool: any FileWriter
    private let rowBytes: Int
    private var byteCount = 0

    init(
        segment: String, name: String, type: ElementType, rowShape: [Int], spoolPath: String,
        files: any FileSystem
    ) throws(ArtifactError) {
        let row = TensorInfo(name: name, type: type, shape: rowShape)
        guard let rowBytes = row.byteCount, rowBytes > 0 else {
            throw .unexpectedTensor(
                file: segment, name: name, expected: "rows of at least one element",
                found: row.shapeText)
        }
        self.segment = segment
        self.name = name
        self.type = type
        self.rowShape = rowShape
        self.spoolPath = spoolPath
        self.rowBytes = rowBytes
        spool = try translating { () throws(FileSystemError) in try files.create(spoolPath) }
    }

    /// Rows appended so far.
    package var rowCount: Int { byteCount / rowBytes }

    /// Appends rows, packed and little-endian; `bytes` holds whole rows.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(ArtifactError) {
        guard bytes.count % rowBytes == 0 else {
            throw .partialRow(tensor: name, rowBytes: rowBytes, byteCount: bytes.count)
        }
        try translating { () throws(FileSystemError) in try spool.write(bytes) }
        byteCount += bytes.count
    }

    package func append(floats values: [Float]) throws(ArtifactError) {
        precondition(type == .f32, "floats go into a tensor of floats")
        try values.span.withUnsafeBytes { (raw) throws(ArtifactError) in try append(raw) }
    }

    package func append(keys values: [UInt64]) throws(ArtifactError) {
        precondition(type == .u64, "keys go into a tensor of keys")
        try values.span.withUnsafeBytes { (raw) throws(ArtifactError) in try append(raw) }
    }

    func finish() throws(ArtifactError) -> TensorInfo {
        try translating { () throws(FileSystemError) in try spool.finish() }
        return TensorInfo(name: name, type: type, shape: [rowCount] + rowShape)
    }
}
