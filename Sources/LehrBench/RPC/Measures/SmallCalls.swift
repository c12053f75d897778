/// Unary calls of 64 bytes over one connection.
enum SmallCalls {
    private static let bytes = 64
    /// What favours grpc-swift-2.
    static let rawBytes =
        "the faster of two ways to run grpc-swift-2, on messages of raw bytes: only Lehr decodes them"
    private static let streamCounts = [1, 8, 64]

    static func againstNghttpd(_ stage: Stage) throws -> [Figure] {
        let reference = try BenchServer.nghttpd(bytes: bytes, stage)
        let lehr = try BenchServer.lehr(bytes: bytes, stage)
        var figures: [Figure] = []
        for streams in streamCounts {
            let duel = Duel(load: H2Load(streams: streams), stage: stage)
            let (ours, theirs) = try duel.run(lehr, reference)
            let target = streams == 64 ? Figure.Target.atMost(1.0) : nil
            figures.append(cpu(ours, theirs, streams, "nghttpd", target))
            figures.append(rate(ours, theirs, streams, "nghttpd", atLeast: 0.9, note: nil))
        }
        return figures + [try whenBusy(lehr, reference, stage)]
    }

    /// With a server that never waits for its callers: alone, client and server wake each other.
    private static func whenBusy(
        _ lehr: BenchServer, _ reference: BenchServer, _ stage: Stage
    ) throws(BenchError) -> Figure {
        let load = H2Load(connections: 8, streams: 64)
        let (ours, theirs) = try Duel(load: load, stage: stage).run(lehr, reference)
        return Figure(
            "cpu-nghttpd-8x64", "CPU a request, 64 B unary, 8 connections of 64 streams",
            unit: "us", lehr: ours.cpuMicroseconds, reference: ("nghttpd", theirs.cpuMicroseconds))
    }

    /// What a handler costs that is an `async` function.
    static func async(_ stage: Stage) throws -> [Figure] {
        let reference = try BenchServer.lehr(bytes: bytes, stage)
        let lehr = try BenchServer.lehr(.async, bytes: bytes, stage)
        let duel = Duel(load: H2Load(streams: 64), stage: stage)
        let (ours, theirs) = try duel.run(lehr, reference)
        return [
            Figure(
                "cpu-async", "CPU a request, async handler, 64 B unary, 64 streams", unit: "us",
                lehr: ours.cpuMicroseconds, reference: ("plain handler", theirs.cpuMicroseconds),
                target: .atMost(1.5))
        ]
    }

    /// What TLS adds.
    static func tls(_ stage: Stage) throws -> [Figure] {
        let files = try TestCertificate.files(stage)
        let plain = try BenchServer.lehr(bytes: bytes, stage)
        let reference = try BenchServer.nghttpd(bytes: bytes, tls: files, stage)
        let lehr = try BenchServer.lehr(bytes: bytes, tls: files, stage)
        let duel = Duel(load: H2Load(streams: 64), stage: stage)
        let (ours, theirs) = try duel.run(lehr, reference)
        let (secure, clear) = try duel.run(lehr, plain)
        let summary = "CPU a request, 64 B unary, 64 streams, TLS 1.3"
        return [
            Figure(
                "cpu-tls-nghttpd", summary, unit: "us", lehr: ours.cpuMicroseconds,
                reference: ("nghttpd", theirs.cpuMicroseconds)),
            Figure(
                "cpu-tls-cleartext", summary, unit: "us", lehr: secure.cpuMicroseconds,
                reference: ("cleartext", clear.cpuMicroseconds)),
        ]
    }

    static func againstGRPCSwift(_ stage: Stage) throws -> [Figure] {
        let references = [
            try BenchServer.grpcSwift(sharesThread: false, bytes: bytes, stage),
            try BenchServer.grpcSwift(sharesThread: true, bytes: bytes, stage),
        ]
        let lehr = try BenchServer.lehr(bytes: bytes, stage)
        var figures: [Figure] = []
        for (streams, atLeast) in zip(streamCounts, [4.0, 6.0, 10.0]) {
            let duel = Duel(load: H2Load(streams: streams), stage: stage)
            let reference = try fastest(of: references, duel)
            let (ours, theirs) = try duel.run(lehr, reference)
            figures.append(cpu(ours, theirs, streams, "grpc-swift", nil))
            figures.append(
                rate(ours, theirs, streams, "grpc-swift", atLeast: atLeast, note: rawBytes))
        }
        return figures
    }

    /// The variant of the reference that does best under this load.
    static func fastest(
        of servers: [BenchServer], _ duel: Duel
    ) throws(BenchError) -> BenchServer {
        var best = (server: servers[0], perSecond: 0.0)
        for server in servers {
            let rate = try duel.warmUp(server).perSecond
            if rate > best.perSecond { best = (server, rate) }
        }
        return best.server
    }

    private static func cpu(
        _ ours: Duel.Side, _ theirs: Duel.Side, _ streams: Int, _ name: String,
        _ target: Figure.Target?
    ) -> Figure {
        Figure(
            "cpu-\(name)-\(streams)", "CPU a request, 64 B unary, \(streams) streams",
            unit: "us", lehr: ours.cpuMicroseconds,
            reference: (theirs.name, theirs.cpuMicroseconds), target: target)
    }

    private static func rate(
        _ ours: Duel.Side, _ theirs: Duel.Side, _ streams: Int, _ name: String, atLeast: Double,
        note: String?
    ) -> Figure {
        Figure(
            "rate-\(name)-\(streams)", "requests/s, 64 B unary, \(streams) streams",
            unit: "1/s", lehr: ours.perSecond, reference: (theirs.name, theirs.perSecond),
            target: .atLeast(atLeast), note: note)
    }
}
