package import LehrCore

/// A memory-mapped safetensors file whose header was checked in full.
package final class SafetensorsFile: Sendable {
    package let path: String
    package let metadata: [String: String]
    /// In the order of their data.
    package let tensors: [TensorInfo]
    private let ranges: [String: Range<Int>]
    private let file: MappedFile

    package convenience init(path: String, files: any FileSystem) throws(ArtifactError) {
        try self.init(file: translating { () throws(FileSystemError) in try files.map(path) })
    }

    init(file: MappedFile) throws(ArtifactError) {
        let (header, dataStart) = try SafetensorsHeader.parse(file.bytes, file: file.path)
        self.file = file
        path = file.path
        metadata = header.metadata
        tensors = header.entries.map { $0.info }
        ranges = header.entries.reduce(into: [:]) { ranges, entry in
            let range = entry.range
            ranges[entry.info.name] = dataStart + range.lowerBound..<dataStart + range.upperBound
        }
    }

    package func info(_ name: String) -> TensorInfo? { tensors.first { $0.name == name } }

    /// The bytes of a tensor, valid while `self` lives, aligned to its elements.
    package func bytes(_ name: String) throws(ArtifactError) -> UnsafeRawBufferPointer {
        guard let range = ranges[name] else { throw .noTensor(file: path, name: name) }
        return UnsafeRawBufferPointer(rebasing: file.bytes[range])
    }

    /// The elements of an F32 tensor of exactly `rank` dimensions, valid while `self` lives.
    package func floats(
        _ name: String, rank: Int
    ) throws(ArtifactError) -> (shape: [Int], elements: UnsafeBufferPointer<Float>) {
        let info = try require(name, .f32, rank: rank)
        return (info.shape, try bytes(name).assumingMemoryBound(to: Float.self))
    }

    /// The elements of a one-dimensional U64 tensor, valid while `self` lives.
    package func keys(_ name: String) throws(ArtifactError) -> UnsafeBufferPointer<UInt64> {
        _ = try require(name, .u64, rank: 1)
        return try bytes(name).assumingMemoryBound(to: UInt64.self)
    }

    private func require(
        _ name: String, _ type: ElementType, rank: Int
    ) throws(ArtifactError) -> TensorInfo {
        guard let info = info(name) else { throw .noTensor(file: path, name: name) }
        guard info.type == type, info.shape.count == rank else {
            throw .unexpectedTensor(
                file: path, name: name, expected: "\(type.rawValue) of \(rank) dimensions",
                found: info.shapeText)
        }
        return info
    }
}
