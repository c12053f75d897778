import LehrCore
import Testing

@Suite struct PackedElementsTests {
    @Test(arguments: 0..<8)
    func elementsAreReadAtAnyAddress(shift: Int) {
        let numbers: [UInt64] = [1, 0x0123_4567_89AB_CDEF, .max]
        let bytes = [UInt8](repeating: 0xEE, count: shift) + numbers.withUnsafeBytes { Array($0) }
        bytes.withUnsafeBytes { raw in
            let elements = PackedElements<UInt64>(
                start: raw.baseAddress.map { $0 + shift }, count: 3)
            #expect(Array(elements) == numbers)
            #expect(elements.copied() == numbers)
            #expect(Array(elements.part(1..<3)) == [numbers[1], numbers[2]])
            #expect(elements.part(3..<3).isEmpty)
        }
    }

    @Test func noElementsAreNowhere() {
        #expect(PackedElements<Float>().isEmpty)
        #expect(PackedElements<Float>().copied().isEmpty)
        #expect(
            PackedElements<Float>(UnsafeBufferPointer(start: nil, count: 0)).part(0..<0).isEmpty)
    }
}
