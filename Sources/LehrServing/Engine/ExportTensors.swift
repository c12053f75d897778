import LehrArtifact

/// Reads the tensors of an export into arrays, checked against each other.
///
/// Everything is copied out of the mapped files, so that nothing done to them later, and no page
/// fault, reaches a request.
struct ExportTensors {
    let reader: ArtifactReader

    func floats(
        _ name: String, segment: String, shape: [Int?]
    ) throws(ModelLoadError) -> (shape: [Int], values: [Float]) {
        let (found, elements) = try reading { () throws(ArtifactError) in
            try reader.segment(segment).floats(name, rank: shape.count)
        }
        try check(found, of: name, against: shape)
        let values = Array(elements)
        guard values.allSatisfy({ $0.isFinite }) else {
            throw inconsistent(name, "has a value that is not finite")
        }
        return (found, values)
    }

    func keys(
        _ name: String, segment: String, count: Int? = nil
    ) throws(ModelLoadError) -> [UInt64] {
        let values = try reading { () throws(ArtifactError) in
            Array(try reader.segment(segment).keys(name))
        }
        try check([values.count], of: name, against: [count])
        return values
    }

    /// A one-dimensional tensor of another type, as its elements.
    func elements<Element: BitwiseCopyable>(
        _ name: String, segment: String, type: ElementType, as: Element.Type
    ) throws(ModelLoadError) -> [Element] {
        let (info, bytes) = try reading { () throws(ArtifactError) in
            let file = try reader.segment(segment)
            return (file.info(name), try file.bytes(name))
        }
        guard let info, info.type == type, info.shape.count == 1 else {
            throw inconsistent(name, "is not \(type.rawValue) of 1 dimension")
        }
        return Array(bytes.assumingMemoryBound(to: Element.self))
    }

    /// Offsets into `length` elements: they start at 0, never fall and end at `length`.
    func offsets(
        _ name: String, segment: String, count: Int, length: Int
    ) throws(ModelLoadError) -> [Int] {
        let values = try keys(name, segment: segment, count: count + 1)
        guard values.first == 0, values.last == UInt64(length),
            zip(values, values.dropFirst()).allSatisfy({ $0 <= $1 })
        else { throw inconsistent(name, "does not rise from 0 to \(length)") }
        return values.map { Int($0) }
    }

    func inconsistent(_ tensor: String, _ problem: String) -> ModelLoadError {
        .inconsistent(path: reader.path, tensor: tensor, problem: problem)
    }

    /// A nil in `wanted` stands for any length.
    private func check(
        _ shape: [Int], of name: String, against wanted: [Int?]
    ) throws(ModelLoadError) {
        for (length, expected) in zip(shape, wanted) where expected ?? length != length {
            let text = wanted.map { $0.map { "\($0)" } ?? "any" }.joined(separator: ", ")
            throw inconsistent(name, "has the shape \(shape), not [\(text)]")
        }
    }
}
