import LehrCore
import LehrTable
import Testing

@testable import LehrArtifact

@Suite struct RowColumnsTests {
    @Test func aRowGoesIntoEveryColumn() throws {
        var rows = RowColumns(RowFormat(keyWords: 2, numbers: .int8))
        let (weight, state): ([UInt8], [Float]) = ([1, 2, 255], [0.5, 0.25])
        weight.withUnsafeBytes { weight in
            state.withUnsafeBufferPointer { state in
                rows.append(
                    key: 7, high: 9, shows: 3, clicks: 1, lastSeen: 20, steps: 4, weight: weight,
                    scale: 0.125, state: state)
            }
        }
        #expect(rows.keys == [7, 9] && rows.shows == [3] && rows.clicks == [1])
        #expect(rows.lastSeen == [20] && rows.steps == [4] && rows.scales == [0.125])
        #expect(rows.widths == [3] && rows.weights == weight)
        #expect(rows.stateCounts == [2] && rows.states == state)
        #expect(rows.byteCount == 16 + 4 * 4 + 2 * 2 + 4 + 3 + 8)
        try rows.validate()
    }

    @Test(arguments: Sample.formats) func chosenRowsAreThoseOfTheirPlaces(format: RowFormat) throws
    {
        let all = Sample.rows(format, 40)
        var (even, odd) = (RowColumns(format), RowColumns(format))
        even.append(all, at: Array(stride(from: 0, to: 40, by: 2)))
        odd.append(all, at: Array(stride(from: 1, to: 40, by: 2)))
        try even.validate()
        #expect(even.rowCount == 20 && even.byteCount + odd.byteCount == all.byteCount)
        // Merged again they are the whole.
        var merged = RowColumns(format)
        for row in 0..<20 {
            merged.append(even, at: [row])
            merged.append(odd, at: [row])
        }
        #expect(merged == all)
        var twice = all
        twice.append(all)
        try twice.validate()
        #expect(twice.rowCount == 80)
        var second = RowColumns(format)
        second.append(twice, at: Array(40..<80))
        #expect(second == all)
    }

    @Test func removedRowsLeaveTheirMemory() {
        var rows = Sample.rows(RowFormat(), 1000)
        let capacity = rows.weights.capacity
        rows.removeAll(keepingCapacity: true)
        #expect(rows == RowColumns(RowFormat()) && rows.weights.capacity == capacity)
        rows.removeAll(keepingCapacity: false)
        #expect(rows.weights.capacity == 0)
    }

    @Test func validationNamesTheColumnThatIsWrong() throws {
        func error(_ format: RowFormat, _ change: (inout RowColumns) -> Void) -> String? {
            var rows = Sample.rows(format, 5)
            change(&rows)
            let error = #expect(throws: RowColumnsError.self) { try rows.validate() }
            return error?.description
        }
        let (plain, scaled) = (RowFormat(), RowFormat(keyWords: 2, numbers: .int8))
        #expect(error(scaled) { $0.keys.removeLast() }?.hasPrefix("column keys has 9 ") == true)
        #expect(error(plain) { $0.shows = [] }?.hasPrefix("column shows has 0 ") == true)
        #expect(error(plain) { $0.clicks += [1] }?.hasPrefix("column clicks has 6 ") == true)
        #expect(error(plain) { $0.lastSeen = [] }?.hasPrefix("column last_seen ") == true)
        #expect(error(plain) { $0.steps += [0] }?.hasPrefix("column steps ") == true)
        #expect(error(plain) { $0.scales = [1] }?.hasPrefix("column scales has 1 ") == true)
        #expect(error(scaled) { $0.scales = [] }?.hasPrefix("column scales has 0 ") == true)
        #expect(error(plain) { $0.stateCounts = [] }?.hasPrefix("column state_counts ") == true)
        #expect(error(plain) { $0.weights += [0] }?.hasPrefix("column weights ") == true)
        #expect(error(plain) { $0.states += [0] }?.hasPrefix("column states ") == true)
        #expect(error(plain) { $0.widths[2] += 1 }?.hasPrefix("column weights ") == true)
        #expect(
            error(plain) { $0.widths.removeLast() }
                == "column keys has 5 elements, but 4 widths and keys of 1 words make 4")
    }

    @Test(arguments: Sample.formats, [1, 100, 257, 1000, 1 << 20])
    func partsCoverAllRowsWithinTheBound(format: RowFormat, bytesMax: Int) throws {
        let rows = Sample.rows(format, 100)
        var position = RowColumns.Part(rows: 0..<0, weights: 0..<0, states: 0..<0)
        for part in rows.parts(bytesMax: bytesMax) {
            #expect(part.rows.lowerBound == position.rows.upperBound)
            #expect(part.weights.lowerBound == position.weights.upperBound)
            #expect(part.states.lowerBound == position.states.upperBound)
            var copy = RowColumns(format)
            copy.append(rows, at: Array(part.rows))
            #expect(copy.weights == Array(rows.weights[part.weights]))
            #expect(copy.states == Array(rows.states[part.states]))
            #expect(copy.byteCount <= bytesMax || part.rows.count == 1)
            position = part
        }
        #expect(position.rows.upperBound == 100)
        #expect(position.weights.upperBound == rows.weights.count)
        #expect(position.states.upperBound == rows.states.count)
    }
}
