/// Messages so large that copies and windows decide.
enum LargeCalls {
    static func echo(_ stage: Stage) throws -> [Figure] {
        let bytes = 1 << 20
        let references = [
            try BenchServer.grpcSwift(sharesThread: false, bytes: bytes, stage),
            try BenchServer.grpcSwift(sharesThread: true, bytes: bytes, stage),
        ]
        let lehr = try BenchServer.lehr(bytes: bytes, stage)
        let duel = Duel(load: LargeLoad(messageBytes: bytes, inFlight: 4), stage: stage)
        let reference = try SmallCalls.fastest(of: references, duel)
        let (ours, theirs) = try duel.run(lehr, reference)
        return [
            Figure(
                "echo-1mib", "1 MiB echo, 4 streams", unit: "1/s", lehr: ours.perSecond,
                reference: (theirs.name, theirs.perSecond), target: .atLeast(2.5),
                note: SmallCalls.rawBytes),
            cpu("cpu-echo-1mib", "CPU a 1 MiB echo, 4 streams", ours, theirs),
        ]
    }

    static func upload(_ stage: Stage) throws -> [Figure] {
        let bytes = 4 << 20
        let reference = try BenchServer.tcp(bytes: bytes, stage)
        let lehr = try BenchServer.lehr(.upload, bytes: bytes, stage)
        var figures: [Figure] = []
        for (inFlight, atLeast) in [(4, 0.85), (1, 0.65)] {
            let load = LargeLoad(messageBytes: bytes, inFlight: inFlight)
            let (ours, theirs) = try Duel(load: load, stage: stage).run(lehr, reference)
            figures += [
                Figure(
                    "upload-\(inFlight)", "4 MiB uploads, \(inFlight) in flight", unit: "MiB/s",
                    lehr: ours.perSecond.map { $0 * 4 },
                    reference: (theirs.name, theirs.perSecond.map { $0 * 4 }),
                    target: .atLeast(atLeast)),
                cpu(
                    "cpu-upload-\(inFlight)", "CPU a 4 MiB upload, \(inFlight) in flight", ours,
                    theirs),
            ]
        }
        return figures
    }

    /// In cleartext and over TLS.
    static func download(_ stage: Stage) throws -> [Figure] {
        let bytes = EchoMethod.downloadBytes
        var figures: [Figure] = []
        for (suffix, label, tls) in [
            ("", "", nil), ("-tls", ", TLS 1.3", try TestCertificate.files(stage)),
        ] {
            let reference = try BenchServer.nghttpd(bytes: bytes, tls: tls, stage)
            let lehr = try BenchServer.lehr(.download, bytes: 64, tls: tls, stage)
            let duel = Duel(load: H2Load(streams: 4), stage: stage)
            let (ours, theirs) = try duel.run(lehr, reference)
            figures += [
                Figure(
                    "download\(suffix)", "1 MiB down, 4 streams\(label)", unit: "1/s",
                    lehr: ours.perSecond, reference: (theirs.name, theirs.perSecond),
                    target: tls == nil ? nil : .atLeast(1.0)),
                cpu(
                    "cpu-download\(suffix)", "CPU of 1 MiB down, 4 streams\(label)", ours, theirs),
            ]
        }
        return figures
    }

    private static func cpu(
        _ name: String, _ summary: String, _ ours: Duel.Side, _ theirs: Duel.Side
    ) -> Figure {
        Figure(
            name, summary, unit: "us", lehr: ours.cpuMicroseconds,
            reference: (theirs.name, theirs.cpuMicroseconds))
    }
}
