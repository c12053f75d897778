import CLehrKernels
import LehrCore
import LehrTable
import Testing

/// The kernels over rows that are anywhere do what a `RowCodec` does with rows in a line.
@Suite struct ScatteredRowsTests {
    /// Rows 300 bytes apart, of which every third is missing; their numbers are 9 bytes behind their
    /// start, a scale 2 bytes.
    private final class Rows {
        static let stride = 300
        let memory: UnsafeMutableRawBufferPointer
        let pointers: [UnsafeMutableRawPointer?]

        init(_ count: Int) {
            let memory = UnsafeMutableRawBufferPointer.allocate(
                byteCount: count * Self.stride, alignment: 8)
            memory.initializeMemory(as: UInt8.self, repeating: 0xEE)
            self.memory = memory
            pointers = (0..<count).map { row in
                row % 3 == 2 ? nil : memory.baseAddress.map { $0 + row * Self.stride }
            }
        }

        deinit { memory.deallocate() }

        func bytes(_ row: Int, _ range: Range<Int>) -> [UInt8] {
            [UInt8](
                memory[row * Self.stride + range.lowerBound..<row * Self.stride + range.upperBound])
        }

        var readable: [UnsafeRawPointer?] { pointers.map { $0.map { UnsafeRawPointer($0) } } }
    }

    private static let (count, offset, scaleOffset) = (7, 9, 2)

    private func write(_ numbers: [Float], _ format: NumberFormat, _ width: Int, _ rows: Rows) {
        let (count, offset) = (Self.count, Self.offset)
        switch format {
        case .float32: Issue.record("there is no such kernel")
        case .float16: lehr_rows_f32_to_f16(rows.pointers, offset, width, count, numbers)
        case .bfloat16: lehr_rows_f32_to_bf16(rows.pointers, offset, width, count, numbers)
        case .int8:
            lehr_rows_f32_to_i8(rows.pointers, Self.scaleOffset, offset, width, count, numbers)
        }
    }

    private func read(_ format: NumberFormat, _ width: Int, _ rows: Rows) -> [Float] {
        let (count, offset) = (Self.count, Self.offset)
        var numbers = [Float](repeating: 42, count: count * width)
        switch format {
        case .float32: Issue.record("there is no such kernel")
        case .float16: lehr_rows_f16_to_f32(rows.readable, offset, width, count, &numbers)
        case .bfloat16: lehr_rows_bf16_to_f32(rows.readable, offset, width, count, &numbers)
        case .int8:
            lehr_rows_i8_to_f32(
                rows.readable, Self.scaleOffset, offset, width, count, &numbers)
        }
        return numbers
    }

    @Test(arguments: [NumberFormat.float16, .bfloat16, .int8], [1, 2, 15, 16, 17, 64, 70])
    func rowsAnywhereAreAsRowsInALine(format: NumberFormat, width: Int) {
        var random = RandomSource(seed: UInt64(width))
        let numbers = (0..<Self.count * width).map { _ in random.uniform() - 0.5 }
        let rows = Rows(Self.count)
        write(numbers, format, width, rows)
        let back = read(format, width, rows)
        let codec = RowCodec(format, dimension: width)
        for row in 0..<Self.count {
            let own = Array(numbers[row * width..<(row + 1) * width])
            let result = Array(back[row * width..<(row + 1) * width])
            guard rows.pointers[row] != nil else {
                #expect(result.allSatisfy { $0 == 42 }, "a missing row is written")
                #expect(rows.bytes(row, 0..<Rows.stride).allSatisfy { $0 == 0xEE })
                continue
            }
            let message = codec.encoded(own)
            let head = format == .int8 ? 4 : 0
            let end = Self.offset + message.count - head
            #expect(rows.bytes(row, Self.offset..<end) == Array(message[head...]))
            #expect(rows.bytes(row, end..<Rows.stride).allSatisfy { $0 == 0xEE })
            if head > 0 {
                let scale = Self.scaleOffset..<Self.scaleOffset + 4
                #expect(rows.bytes(row, scale) == Array(message[..<4]))
            }
            #expect(bits(result) == bits(codec.decoded(message)))
        }
    }
}
