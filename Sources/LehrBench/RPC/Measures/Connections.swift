import Glibc
import LehrCore

/// Thousands of connections, against a few, each with one small call at a time.
enum Connections {
    private static let bytes = 64
    private static let few = 16

    static func measure(_ stage: Stage) throws -> [Figure] {
        let many = stage.isQuick ? 500 : 4000
        let crowded = try BenchServer.lehr(bytes: bytes, stage)
        let quiet = try BenchServer.lehr(bytes: bytes, stage)
        let empty = try crowded.process.residentBytes
        var (ours, theirs): ([Turn], [Turn]) = ([], [])
        for _ in 0..<stage.rounds {
            ours.append(try turn(many, crowded, stage))
            theirs.append(try turn(few, quiet, stage))
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

    private struct Turn {
        let perSecond: Double
        let cpuMicroseconds: Double
        /// At the end, with all connections open.
        let residentBytes: Int
    }

    private static func turn(
        _ connections: Int, _ server: BenchServer, _ stage: Stage
    ) throws(BenchError) -> Turn {
        // Connecting takes a part of the time to warm up, which is as long as what is measured.
        let seconds = stage.isQuick ? 0.5 : 3
        let load = H2Load(connections: connections, streams: 1)
        let client = try load.start(seconds: seconds, on: server, stage)
        let clock = SystemClock()
        Pause.seconds(seconds * 1.1)
        let (begin, cpu) = (clock.now, try server.process.cpuSeconds)
        Pause.seconds(seconds * 0.8)
        let used = try server.process.cpuSeconds - cpu
        let passed = Double((clock.now - begin).nanoseconds) / 1e9
        let resident = try server.process.residentBytes
        let outcome = try H2Load.outcome(try client.finish())
        return Turn(
            perSecond: outcome.perSecond,
            cpuMicroseconds: used * 1e6 / passed / outcome.perSecond, residentBytes: resident)
    }
}
