/// What one small call costs a server, in numbers that do not depend on the machine's mood.
enum Counts {
    private static let bytes = 64
    private static let load = H2Load(streams: 64)

    static func measure(_ stage: Stage) throws -> [Figure] {
        let calls = stage.isQuick ? 1000 : 10_000
        func lehr(_ kind: Valgrind.Kind, _ method: EchoMethod) throws(BenchError) -> Double {
            try perCall(kind, calls, stage) { valgrind throws(BenchError) in
                try BenchServer.lehr(method, bytes: bytes, stage, under: valgrind)
            }
        }
        let instructions = try lehr(.instructions, .plain)
        let reference = try perCall(.instructions, calls, stage) { valgrind throws(BenchError) in
            try BenchServer.nghttpd(bytes: bytes, stage, under: valgrind)
        }
        return [
            Figure(
                "allocations-plain", "allocations a request, plain handler", unit: "",
                lehr: [try lehr(.allocations, .plain)], target: .atMost(8)),
            Figure(
                "allocations-async", "allocations a request, async handler", unit: "",
                lehr: [try lehr(.allocations, .async)], target: .atMost(12)),
            Figure(
                "instructions-plain", "instructions a request, plain handler", unit: "",
                lehr: [instructions], reference: ("nghttpd", [reference])),
            Figure(
                "instructions-async", "instructions a request, async handler", unit: "",
                lehr: [try lehr(.instructions, .async)], reference: ("plain", [instructions])),
        ]
    }

    /// The count of `calls` calls more, a call.
    private static func perCall(
        _ kind: Valgrind.Kind, _ calls: Int, _ stage: Stage,
        _ start: (Valgrind) throws(BenchError) -> BenchServer
    ) throws(BenchError) -> Double {
        var counts: [Double] = []
        for count in [calls, 2 * calls] {
            let valgrind = Valgrind(kind, "\(count)", stage)
            let server = try start(valgrind)
            _ = try load.run(count, on: server, stage)
            server.process.terminate()
            counts.append(try valgrind.count())
        }
        return (counts[1] - counts[0]) / Double(calls)
    }
}
