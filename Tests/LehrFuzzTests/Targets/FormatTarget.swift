import LehrTable

/// What keys and rows look like on the wire: bytes are read as if they had come, and are also taken
/// for keys and numbers that are to be sent.
enum FormatTarget {
    static let target = FuzzTarget(name: "formats", inputBytesMax: 4096) { input in
        var reader = InputReader(input)
        let choice = reader.below(4)
        let dimension = 1 + reader.below(40)
        let format = NumberFormat.allCases[reader.below(4)]
        let countMax = reader.short()
        let bytes = reader.remainder()
        let codec = RowCodec(format, dimension: dimension)
        switch choice {
        case 0: try receive(bytes, countMax: countMax)
        case 1: try send(bytes.elements(of: UInt64.self))
        case 2: try receive(bytes, codec)
        default: try send(bytes.elements(of: Float.self), codec)
        }
    }

    // MARK: - Keys

    private static func receive(_ bytes: [UInt8], countMax: Int) throws(FuzzFailure) {
        guard let keys = decoded(bytes, countMax: countMax) else { return }
        try require(keys.count <= countMax, "there are \(keys.count) keys")
        let again = encoded(keys)
        try require(again.count <= bytes.count, "our own keys are longer")
        try require(decoded(again, countMax: countMax) == keys, "keys come back changed")
    }

    private static func send(_ keys: [UInt64]) throws(FuzzFailure) {
        try require(decoded(encoded(keys), countMax: keys.count) == keys, "keys come back changed")
        guard !keys.isEmpty else { return }
        try require(
            decoded(encoded(keys), countMax: keys.count - 1) == nil, "there is one too many")
    }

    private static func encoded(_ keys: [UInt64]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: DeltaKeys.byteCountMax(keys.count)) { bytes, count in
            count = keys.withUnsafeBufferPointer {
                DeltaKeys.encode($0, into: UnsafeMutableRawBufferPointer(bytes))
            }
        }
    }

    private static func decoded(_ bytes: [UInt8], countMax: Int) -> [UInt64]? {
        bytes.withUnsafeBytes { bytes in
            guard let packed = try? DeltaKeys(bytes, countMax: countMax) else { return nil }
            var keys = [UInt64](repeating: 0, count: packed.count)
            keys.withUnsafeMutableBufferPointer { packed.decode(into: $0) }
            return keys
        }
    }

    // MARK: - Rows

    private static func receive(_ bytes: [UInt8], _ codec: RowCodec) throws(FuzzFailure) {
        let count = bytes.count / codec.byteCount(rows: 1)
        let message = Array(bytes.prefix(codec.byteCount(rows: count)))
        let rows = decoded(message, codec)
        // A scale may be any number, and what it makes need not be what is made from that.
        guard codec.format != .int8 else { return }
        let again = decoded(encoded(rows, codec), codec)
        try require(
            zip(rows, again).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN },
            "rows come back changed")
    }

    private static func send(_ numbers: [Float], _ codec: RowCodec) throws(FuzzFailure) {
        let count = numbers.count / codec.dimension
        let rows = Array(numbers.prefix(count * codec.dimension))
        let back = decoded(encoded(rows, codec), codec)
        for start in stride(from: 0, to: rows.count, by: codec.dimension) {
            let own = start..<start + codec.dimension
            let largest = rows[own].map(abs).max() ?? 0
            let isFinite = rows[own].allSatisfy { $0.isFinite }
            for index in own where rows[index].isFinite {
                if codec.format == .int8, !isFinite {
                    try require(back[index].isNaN, "a row that is no number is one")
                } else {
                    try check(rows[index], back[index], codec.format, largest)
                }
            }
        }
    }

    private static func check(
        _ number: Float, _ back: Float, _ format: NumberFormat, _ largest: Float
    ) throws(FuzzFailure) {
        let error = abs(Double(back) - Double(number))
        let size = Double(abs(number))
        let isNear =
            switch format {
            case .float32: error == 0
            case .float16: error <= max(size * 0x1p-11, 0x1p-25) || size > 65504
            case .bfloat16: error <= max(size * 0x1p-8, 0x1p-134)
            case .int8: error <= Double(largest) / 127 * 0.50002 + 1.5e-36
            }
        try require(back.isFinite && isNear, "\(number) comes back as \(back)")
    }

    private static func encoded(_ rows: [Float], _ codec: RowCodec) -> [UInt8] {
        let count = rows.count / codec.dimension
        var message = [UInt8](repeating: 0, count: codec.byteCount(rows: count))
        message.withUnsafeMutableBytes {
            codec.encode(rows, count: count, at: 0, of: count, into: $0)
        }
        return message
    }

    private static func decoded(_ message: [UInt8], _ codec: RowCodec) -> [Float] {
        let count = message.count / codec.byteCount(rows: 1)
        var rows = [Float](repeating: 0, count: count * codec.dimension)
        message.withUnsafeBytes { codec.decode($0, at: 0, of: count, count: count, into: &rows) }
        return rows
    }
}

extension [UInt8] {
    /// As many as are whole.
    fileprivate func elements<Number: BitwiseCopyable>(of type: Number.Type) -> [Number] {
        let size = MemoryLayout<Number>.stride
        return withUnsafeBytes { bytes in
            (0..<count / size).map { bytes.loadUnaligned(fromByteOffset: $0 * size, as: type) }
        }
    }
}
