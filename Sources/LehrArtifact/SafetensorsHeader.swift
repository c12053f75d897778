import FoundationEssentials

/// The header of a safetensors file: which tensor lies where in the data behind it.
///
/// The file is `u64` header length (little-endian), the header as a JSON object, then the data;
/// offsets count from the data's start, and the tensors cover it without gap or overlap.
struct SafetensorsHeader: Equatable {
    struct Entry: Equatable {
        var info: TensorInfo
        var range: Range<Int>
    }

    /// 16 MiB: about 150,000 tensors.
    static let byteLimit = 16 << 20
    /// Where the data starts is a multiple of this, for whole cache lines and vector registers.
    static let dataAlignment = 64

    /// In the order of their data.
    var entries: [Entry]
    var metadata: [String: String]

    /// Lays tensors out one behind the other, those with larger elements first so that each is
    /// aligned to its elements.
    init(laying tensors: [TensorInfo], metadata: [String: String]) {
        let order = tensors.indices.sorted {
            (-tensors[$0].type.byteCount, $0) < (-tensors[$1].type.byteCount, $1)
        }
        var position = 0
        entries = order.map { index in
            let end = position + (tensors[index].byteCount ?? 0)
            defer { position = end }
            return Entry(info: tensors[index], range: position..<end)
        }
        self.metadata = metadata
    }

    /// Length, JSON and padding (blanks, as the format allows): all bytes before the data.
    func encoded(file: String) throws(ArtifactError) -> [UInt8] {
        var document = entries.reduce(into: [String: HeaderValue]()) { document, entry in
            document[entry.info.name] = .tensor(
                RawEntry(
                    dtype: entry.info.type.rawValue, shape: entry.info.shape,
                    data_offsets: [entry.range.lowerBound, entry.range.upperBound]))
        }
        if !metadata.isEmpty { document[metadataKey] = .metadata(metadata) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var json: [UInt8]
        do { json = try Array(encoder.encode(document)) } catch {
            throw .safetensors(file: file, problem: "\(error)")
        }
        let excess = (8 + json.count) % Self.dataAlignment
        if excess > 0 {
            json += [UInt8](repeating: 32, count: Self.dataAlignment - excess)
        }
        guard json.count <= Self.byteLimit else {
            throw .safetensors(
                file: file, problem: "a header of \(json.count) bytes is over \(Self.byteLimit)")
        }
        let length = UInt64(json.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + json
    }
}

extension SafetensorsHeader {
    /// Parses and checks all of the header of a file, which is `bytes`; also says where the data
    /// starts.
    static func parse(
        _ bytes: UnsafeRawBufferPointer, file: String
    ) throws(ArtifactError) -> (header: SafetensorsHeader, dataStart: Int) {
        func require(
            _ condition: Bool, _ problem: @autoclosure () -> String
        ) throws(ArtifactError) {
            guard condition else { throw .safetensors(file: file, problem: problem()) }
        }
        try require(bytes.count >= 8, "\(bytes.count) bytes, shorter than the header's length")
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        try require(
            length <= UInt64(byteLimit), "a header of \(length) bytes is over \(byteLimit)")
        let dataStart = 8 + Int(length)
        try require(dataStart <= bytes.count, "the file ends inside its header")
        let json = UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart])
        try require(json.first == UInt8(ascii: "{"), "the header does not start with {")
        var header = try decode(json, file: file)
        header.entries.sort {
            ($0.range.lowerBound, $0.range.upperBound, $0.info.name)
                < ($1.range.lowerBound, $1.range.upperBound, $1.info.name)
        }
        var position = 0
        for entry in header.entries {
            let name = entry.info.name
            try require(
                entry.range.lowerBound == position,
                "tensor \(name) starts at \(entry.range.lowerBound), not at \(position)")
            try require(
                entry.range.upperBound <= bytes.count - dataStart,
                "tensor \(name) ends at \(entry.range.upperBound), after the file's end")
            try require(
                entry.info.byteCount == entry.range.count,
                "tensor \(name) is \(entry.info.shapeText) but has \(entry.range.count) bytes")
            try require(
                (dataStart + position) % entry.info.type.byteCount == 0,
                "tensor \(name) is not aligned to its elements")
            position = entry.range.upperBound
        }
        try require(
            position == bytes.count - dataStart,
            "the tensors cover \(position) of \(bytes.count - dataStart) bytes of data")
        return (header, dataStart)
    }

    private static func decode(
        _ json: UnsafeRawBufferPointer, file: String
    ) throws(ArtifactError) -> SafetensorsHeader {
        let document: [String: HeaderValue]
        do {
            document = try JSONDecoder().decode([String: HeaderValue].self, from: Data(json))
        } catch {
            throw .safetensors(file: file, problem: "header: \(jsonProblem(error))")
        }
        var header = SafetensorsHeader(laying: [], metadata: [:])
        for (name, value) in document {
            switch value {
            case .metadata(let metadata) where name == metadataKey: header.metadata = metadata
            case .tensor(let raw) where name != metadataKey:
                header.entries.append(try entry(name, raw, file: file))
            default: throw .safetensors(file: file, problem: "header: \(name) is malformed")
            }
        }
        return header
    }

    private static func entry(
        _ name: String, _ raw: RawEntry, file: String
    ) throws(ArtifactError) -> Entry {
        guard let type = ElementType(rawValue: raw.dtype) else {
            let known = ElementType.allCases.map { $0.rawValue }.joined(separator: ", ")
            throw .safetensors(
                file: file, problem: "tensor \(name) has dtype \(raw.dtype); known are \(known)")
        }
        guard raw.data_offsets.count == 2, raw.data_offsets[0] >= 0,
            raw.data_offsets[0] <= raw.data_offsets[1]
        else {
            throw .safetensors(
                file: file, problem: "tensor \(name) has data_offsets \(raw.data_offsets)")
        }
        return Entry(
            info: TensorInfo(name: name, type: type, shape: raw.shape),
            range: raw.data_offsets[0]..<raw.data_offsets[1])
    }
}

private let metadataKey = "__metadata__"

/// A tensor as the header writes it, with the format's own field names.
private struct RawEntry: Codable {
    var dtype: String
    var shape: [Int]
    var data_offsets: [Int]
}

/// A value of the header's top level: a tensor, or the free text under `__metadata__`.
private enum HeaderValue: Codable {
    case tensor(RawEntry)
    case metadata([String: String])

    init(from decoder: any Decoder) throws {
        self =
            decoder.codingPath.last?.stringValue == metadataKey
            ? .metadata(try .init(from: decoder)) : .tensor(try .init(from: decoder))
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .tensor(let entry): try entry.encode(to: encoder)
        case .metadata(let text): try text.encode(to: encoder)
        }
    }
}
