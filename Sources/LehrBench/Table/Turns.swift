/// What one side took in each of its turns, without the first, which brings it up to speed.
struct Turns {
    private var all: [Double] = []

    var values: [Double] { Array(all.dropFirst()) }

    mutating func append(_ value: Double) { all.append(value) }

    /// The CPU time of `work` in nanoseconds, for each of `count`.
    mutating func take(each count: Int, _ work: () -> Void) {
        append(nanoseconds(each: count, work))
    }
}
