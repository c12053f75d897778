import LehrCore
import LehrTable

/// What shorter formats on the wire save, and what they lose.
enum Formats {
    static func measure(_ stage: TableStage) throws -> [Figure] {
        let dimension = TableStage.dimension
        let count = 4096
        var random = RandomSource(seed: 6)
        // Sums of twelve uniform draws are near enough to a normal distribution, of deviation 0.05.
        let rows = (0..<count * dimension).map { _ -> Float in
            (0..<12).reduce(Float(-6)) { sum, _ in sum + random.uniform() } * 0.05
        }
        return NumberFormat.allCases.map { format in
            let codec = RowCodec(format, dimension: dimension)
            var bytes = [UInt8](repeating: 0, count: codec.byteCount(rows: count))
            var back = [Float](repeating: 0, count: rows.count)
            let time = nanoseconds(each: 20 * count) {
                for _ in 0..<20 { convert(codec, rows, &bytes, &back, count) }
            }
            let squares = rows.reduce(0) { $0 + Double($1) * Double($1) }
            let errors = zip(rows, back).reduce(0) { sum, pair in
                let difference = Double(pair.0) - Double(pair.1)
                return sum + difference * difference
            }
            let loss = (errors / squares).squareRoot()
            return Figure(
                "format-\(format.rawValue)", "a row of \(dimension) as \(format.rawValue)",
                unit: "bytes", lehr: [Double(format.rowBytes(dimension: dimension))],
                reference: ("f32", [Double(4 * dimension)]),
                note: "root mean square error \(percent(loss)) of the values; "
                    + "\(Int(time)) ns a row to write and read")
        }
    }

    private static func percent(_ share: Double) -> String {
        "\(Double(Int(share * 1e6)) / 1e4) %"
    }

    private static func convert(
        _ codec: RowCodec, _ rows: [Float], _ bytes: inout [UInt8], _ back: inout [Float],
        _ count: Int
    ) {
        bytes.withUnsafeMutableBytes { bytes in
            rows.withUnsafeBufferPointer { rows in
                guard let start = rows.baseAddress else { return }
                codec.encode(start, count: count, at: 0, of: count, into: bytes)
            }
            back.withUnsafeMutableBufferPointer { back in
                guard let start = back.baseAddress else { return }
                codec.decode(
                    UnsafeRawBufferPointer(bytes), at: 0, of: count, count: count, into: start)
            }
        }
    }
}
