/// Thousands of connections, against a few, each with one small call at a time.
enum Connections {
    private static let bytes = 64
    private static let few = 16

    static func measure(_ stage: Stage) throws -> [Figure] {
        let many = stage.isQuick ? 500 : 4000
        let crowded = try BenchServer.lehr(bytes: bytes, stage)
        let quiet = try BenchServer.lehr(bytes: bytes, stage)
        let empty = try crowded.process.residentBytes
        var (ours, theirs): ([ConnectionsLoad.Outcome], [ConnectionsLoad.Outcome]) = ([], [])
        let seconds = stage.isQuick ? 0.3 : 2
        for _ in 0..<stage.rounds {
            ours.append(try ConnectionsLoad(connections: many, seconds: seconds).run(on: crowded))
            theirs.append(try ConnectionsLoad(connections: few, seconds: seconds).run(on: quiet))
        }
        let name = "\(few) connections"
        return [
            Figure(
                "connections-\(many)", "requests/s of \(many) connections, one call each",
                unit: "1/s", lehr: ours.map(\.perSecond),
                reference: (name, theirs.map(\.perSecond)), target: .atLeast(0.8),
                note: "on either side each connection has one call at a time"),
            Figure(
                "cpu-connections-\(many)", "CPU a request, \(many) connections", unit: "us",
                lehr: ours.map(\.cpuMicroseconds),
                reference: (name, theirs.map(\.cpuMicroseconds))),
            Figure(
                "memory-connections-\(many)", "memory a connection, \(many) connections",
                unit: "KiB",
                lehr: ours.map { Double($0.residentBytes - empty) / 1024 / Double(many) },
                target: .atMost(64)),
        ]
    }
}
