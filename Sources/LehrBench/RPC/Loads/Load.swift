/// Calls that a server is put under, some in flight at a time.
protocol Load {
    var inFlight: Int { get }
    /// Makes `count` calls and checks that each was answered in full.
    func run(_ count: Int, on server: BenchServer, _ stage: Stage) throws(BenchError) -> Outcome
}

/// What became of a load.
struct Outcome {
    let perSecond: Double
}
