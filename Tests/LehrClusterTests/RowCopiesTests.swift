import LehrCore
import Testing

@testable import LehrCluster

@Suite struct RowCopiesTests {
    @Test(arguments: [4, 8, 12, 16, 20, 64, 68, 76, 128, 140])
    func rowsComeToTheirPlacesAndBack(rowBytes: Int) {
        var random = RandomSource(seed: UInt64(rowBytes))
        let order = (0..<50 as Range<Int32>).shuffled(using: &random)
        let rows = (0..<50 * rowBytes).map { _ in UInt8(random.below(256)) }
        // At an address that is no multiple of anything, as in a message.
        let range = 7..<41
        var message = [UInt8](repeating: 0, count: 1 + range.count * rowBytes + 1)
        rows.withUnsafeBytes { rows in
            message.withUnsafeMutableBytes { message in
                guard let source = rows.baseAddress, let target = message.baseAddress else {
                    return
                }
                RowCopies.gather(order, range, rowBytes: rowBytes, from: source, to: target + 1)
            }
        }
        let expected = order[range].flatMap { row in
            rows[Int(row) * rowBytes..<(Int(row) + 1) * rowBytes]
        }
        #expect(message == [0] + expected + [0])

        var back = [UInt8](repeating: 0, count: rows.count)
        message.withUnsafeBytes { message in
            back.withUnsafeMutableBytes { back in
                guard let source = message.baseAddress, let target = back.baseAddress else {
                    return
                }
                RowCopies.scatter(order, range, rowBytes: rowBytes, from: source + 1, to: target)
            }
        }
        let moved = Set(order[range])
        for row in 0..<50 {
            let place = row * rowBytes..<(row + 1) * rowBytes
            let wanted =
                moved.contains(Int32(row))
                ? Array(rows[place]) : Array(repeating: 0, count: rowBytes)
            #expect(Array(back[place]) == wanted, "row \(row)")
        }
    }
}
