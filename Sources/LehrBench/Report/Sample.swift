/// The values of one quantity, one of each round.
package struct Sample: Encodable, Sendable {
    package let values: [Double]
    package let median: Double
    package let min: Double
    package let max: Double

    package init(_ values: [Double]) {
        precondition(!values.isEmpty, "a sample has values")
        self.values = values
        let sorted = values.sorted()
        let middle = sorted.count / 2
        median =
            sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        min = sorted[0]
        max = sorted[sorted.count - 1]
    }
}
