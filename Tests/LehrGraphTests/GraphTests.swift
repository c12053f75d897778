import LehrCore
import Testing

@testable import LehrGraph

struct GraphTests {
    @Test func aGraphIsReusedForBatchesOfAnySize() {
        var builder = GraphBuilder()
        let batch = builder.extent(expected: 2)
        let input = builder.parameter(rows: batch, columns: 3)
        let twice = builder.scale(input, by: 2)
        let graph = builder.build()
        for rows in [2, 700, 0, 1] {
            let memory = FloatBuffer(count: rows * 3)
            defer { withExtendedLifetime(memory) {} }
            for index in 0..<memory.count { memory.floats[index] = Float(index) }
            graph.setRows(batch, rows)
            graph.bind(input, values: memory.readable)
            graph.forward()
            #expect(Array(graph.values(of: twice)) == (0..<rows * 3).map { Float(2 * $0) })
        }
    }

    @Test func gradientsOfATensorUsedTwiceAddUp() {
        var builder = GraphBuilder()
        let input = builder.parameter(rows: .fixed(1), columns: 4)
        let loss = builder.rowDot(input, input)
        let graph = builder.build()
        let values = FloatBuffer(count: 4)
        let gradients = FloatBuffer(count: 4)
        defer { withExtendedLifetime((values, gradients)) {} }
        for index in 0..<4 { values.floats[index] = Float(index) - 1.5 }
        gradients.floats.update(repeating: .nan)
        graph.bind(input, values: values.readable, gradients: gradients.floats)
        for _ in 0..<2 {
            graph.forward()
            graph.backward(from: loss)
            #expect(Array(gradients.readable) == [-3, -1, 1, 3])
        }
    }

    @Test func softmaxIsStableForLargeScores() {
        var builder = GraphBuilder()
        let users = builder.parameter(rows: .fixed(3), columns: 1)
        let items = builder.parameter(rows: .fixed(3), columns: 1)
        let offsets = builder.constant(0, rows: .fixed(3), columns: 1)
        let ids = builder.identity()
        let loss = builder.inBatchSoftmax(
            users: users, items: items, identities: ids, offsets: offsets, positiveOffsets: offsets)
        let graph = builder.build()
        let memory = FloatBuffer(count: 3)
        defer { withExtendedLifetime(memory) {} }
        for (index, value) in [Float(-300), 100, 300].enumerated() { memory.floats[index] = value }
        graph.bind(users, values: memory.readable)
        graph.bind(items, values: memory.readable)
        graph.bind(ids, [0, 1, 2])
        graph.forward()
        graph.backward(from: loss)
        // Only row 1 chooses wrongly: item 2 scores 30,000 against 10,000 for its own.
        #expect(graph.values(of: loss)[0] == 20_000.0 / 3)
        #expect(graph.gradients(of: users).allSatisfy { $0.isFinite })
        #expect(abs(graph.gradients(of: users)[1] - 200.0 / 3) < 1e-4)
    }

    @Test func anAccidentalHitIsNoNegative() {
        func loss(ids: [Int32]) -> Float {
            var builder = GraphBuilder()
            let users = builder.parameter(rows: .fixed(2), columns: 2)
            let offsets = builder.constant(0, rows: .fixed(2), columns: 1)
            let slot = builder.identity()
            let loss = builder.inBatchSoftmax(
                users: users, items: users, identities: slot, offsets: offsets,
                positiveOffsets: offsets)
            let graph = builder.build()
            let memory = FloatBuffer(count: 4)
            defer { withExtendedLifetime(memory) {} }
            memory.floats.update(repeating: 0.5)
            graph.bind(users, values: memory.readable)
            graph.bind(slot, ids)
            graph.forward()
            return graph.values(of: loss)[0]
        }
        #expect(loss(ids: [7, 7]) == 0)
        #expect(abs(loss(ids: [7, 8]) - 0.6931472) < 1e-6)
    }

    @Test func equalRunsAreEqualBitForBit() {
        for operation in RandomCases.operations {
            var first = RandomCases(seed: 11)
            var second = RandomCases(seed: 11)
            let (left, right) = (CaseRun(first.next(operation)), CaseRun(second.next(operation)))
            #expect(left.run(mix: nil) == right.run(mix: nil))
            #expect(left.gradients() == right.gradients())
        }
    }

    @Test func malformedColumnsAreRecognised() {
        let good = SparseColumn(offsets: [0, 2, 2, 3], indices: [0, 4, 1], values: [1, 2, 3])
        #expect(good.isValid(examples: 3, rows: 5))
        #expect(!good.isValid(examples: 2, rows: 5))
        #expect(!good.isValid(examples: 3, rows: 4))
        #expect(!SparseColumn(offsets: [0, 2, 1], indices: [0]).isValid(examples: 2, rows: 5))
        #expect(!SparseColumn(offsets: [1, 1], indices: [0]).isValid(examples: 1, rows: 5))
        #expect(!SparseColumn(offsets: [0, 1], indices: [-1]).isValid(examples: 1, rows: 5))
        #expect(
            !SparseColumn(offsets: [0, 1], indices: [0], values: [1, 2])
                .isValid(examples: 1, rows: 5))
    }
}
