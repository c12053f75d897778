import LehrCore
import Testing

@testable import LehrTable

extension RowCodec {
    /// All `rows` at once.
    func encoded(_ rows: [Float]) -> [UInt8] {
        let count = rows.count / dimension
        var message = [UInt8](repeating: 0xEE, count: byteCount(rows: count))
        message.withUnsafeMutableBytes {
            encode(rows, count: count, at: 0, of: count, into: $0)
        }
        return message
    }

    func decoded(_ message: [UInt8]) -> [Float] {
        let count = message.count / format.rowBytes(dimension: dimension)
        var rows = [Float](repeating: .nan, count: count * dimension)
        message.withUnsafeBytes { decode($0, at: 0, of: count, count: count, into: &rows) }
        return rows
    }
}

@Suite struct RowCodecTests {
    private func rows(_ count: Int, _ dimension: Int, seed: UInt64) -> [Float] {
        var random = RandomSource(seed: seed)
        return (0..<count * dimension).map { _ in
            (random.uniform() - 0.5) * [1e-3, 1, 1e3][random.below(3)]
        }
    }

    @Test func sizes() {
        #expect(NumberFormat.allCases.map { $0.rowBytes(dimension: 16) } == [64, 32, 32, 20])
        for format in NumberFormat.allCases {
            for dimension in 1...9 {
                let size = format.rowBytes(dimension: dimension)
                #expect(format.dimension(rowBytes: size) == dimension)
            }
        }
        #expect(NumberFormat.float32.dimension(rowBytes: 6) == nil)
        #expect(NumberFormat.float16.dimension(rowBytes: 3) == nil)
        #expect(NumberFormat.int8.dimension(rowBytes: 4) == nil)
    }

    /// Relative to the number itself, or to the row's largest of int8.
    @Test(arguments: NumberFormat.allCases, [1, 7, 16, 33, 128])
    func rowsComeBackAsNearAsTheFormatSays(format: NumberFormat, dimension: Int) {
        let rows = rows(20, dimension, seed: UInt64(dimension))
        let codec = RowCodec(format, dimension: dimension)
        let back = codec.decoded(codec.encoded(rows))
        for row in 0..<20 {
            let own = row * dimension..<(row + 1) * dimension
            let largest = rows[own].map(abs).max() ?? 0
            for index in own {
                let bound: Float =
                    switch format {
                    case .float32: 0
                    case .float16: abs(rows[index]) * 0x1p-11 + 0x1p-25
                    case .bfloat16: abs(rows[index]) * 0x1p-8
                    case .int8: largest / 127 * 0.50002
                    }
                #expect(abs(back[index] - rows[index]) <= bound)
            }
        }
    }

    @Test(arguments: NumberFormat.allCases)
    func aMessageMadeInPartsIsTheSame(format: NumberFormat) {
        let codec = RowCodec(format, dimension: 5)
        let rows = rows(11, 5, seed: 3)
        let whole = codec.encoded(rows)
        var message = [UInt8](repeating: 0xEE, count: whole.count)
        var back = [Float](repeating: .nan, count: rows.count)
        for (first, count) in [(7, 4), (0, 3), (3, 4), (11, 0)] {
            rows.withUnsafeBufferPointer { rows in
                message.withUnsafeMutableBytes {
                    guard let start = rows.baseAddress else { return }
                    codec.encode(start + first * 5, count: count, at: first, of: 11, into: $0)
                }
            }
            back.withUnsafeMutableBufferPointer { back in
                whole.withUnsafeBytes {
                    guard let start = back.baseAddress else { return }
                    codec.decode($0, at: first, of: 11, count: count, into: start + first * 5)
                }
            }
        }
        #expect(message == whole)
        #expect(bits(back) == bits(codec.decoded(whole)))
    }

    @Test func int8OfRowsAtTheEdges() {
        let codec = RowCodec(.int8, dimension: 3)
        func back(_ row: [Float]) -> [Float] { codec.decoded(codec.encoded(row)) }
        #expect(codec.encoded([0, -0.0, 0]) == [UInt8](repeating: 0, count: 7))
        #expect(back([0, 0, 0]) == [0, 0, 0])
        #expect(back([127, -127, 1]) == [127, -127, 1])
        // Ties go to the even neighbour.
        #expect(back([127, 0.5, 1.5]) == [127, 0, 2])
        let largest = Float.greatestFiniteMagnitude
        let wide = back([largest, -largest, 1])
        #expect(wide.allSatisfy { $0.isFinite } && wide[0] > 0.999 * largest && wide[2] == 0)
        #expect(back([1e-36, -1e-37, 0]) == [0, 0, 0])
        for bad in [Float.nan, .infinity, -.infinity] {
            #expect(back([1, bad, 0]).allSatisfy { $0.isNaN })
        }
    }

    @Test(arguments: [NumberFormat.float16, .bfloat16])
    func onlyWhatWasNotFiniteIsNot(format: NumberFormat) {
        let codec = RowCodec(format, dimension: 4)
        let back = codec.decoded(codec.encoded([1, .infinity, .nan, .greatestFiniteMagnitude]))
        #expect(back[0] == 1 && back[1] == .infinity && back[2].isNaN && back[3].isFinite)
    }
}
