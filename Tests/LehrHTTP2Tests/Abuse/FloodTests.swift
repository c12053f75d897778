import LehrCore
import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

/// Frames that cost their sender nothing and the server something, in great number.
@Suite struct FloodTests {
    enum Flood: CaseIterable {
        /// CVE-2023-44487: calls that are cancelled as soon as they begin.
        case resets
        /// CVE-2025-8671: calls made invalid, so that the server resets them.
        case contentLengths, overflownWindows
        case settings, priorities, windowUpdates, streamWindowUpdates, emptyData, paddedEmptyData
        /// Calls beyond the number allowed.
        case refusedStreams

        /// The frames number `index` of the flood.
        func frames(_ index: Int) -> [UInt8] {
            let stream = UInt32(2 * index + 1)
            switch self {
            case .resets: return Frames.request("/t/Hold", stream: stream) + Frames.reset(stream)
            case .contentLengths:
                let extra = [("content-length", "1")]
                return Frames.request("/t/Hold", stream: stream, extra: extra)
                    + Frames.message([1, 2, 3], stream: stream)
            case .overflownWindows:
                return Frames.request("/t/Hold", stream: stream)
                    + Frames.update(stream, by: 0x7FFF_FFFF)
            case .settings: return Frames.frame(Frames.settings, flags: 0, stream: 0, [])
            case .priorities:
                return Frames.frame(
                    Frames.priority, flags: 0, stream: stream, Frames.bytes(0) + [7])
            case .windowUpdates: return Frames.update(0, by: 1)
            case .streamWindowUpdates: return opening(index) + Frames.update(1, by: 1)
            case .emptyData: return opening(index) + Frames.frame(0, flags: 0, stream: 1, [])
            case .paddedEmptyData:
                return opening(index) + Frames.frame(0, flags: 8, stream: 1, [3, 0, 0, 0])
            case .refusedStreams:
                return Frames.request("/t/Hold", stream: stream)
            }
        }

        private func opening(_ index: Int) -> [UInt8] {
            index == 0 ? Frames.request("/t/Hold", stream: 1) : []
        }
    }

    private static let burst = 1000

    @Test(arguments: Flood.allCases)
    func aFloodEndsItsConnectionAndNoOther(flood: Flood) throws {
        var limits = RPCLimits()
        limits.idleFramesBurst = Self.burst
        limits.idleFramesPerSecond = 100
        limits.streamsPerConnectionMax = 50
        let scene = try AbuseScene(limits: limits)
        var sent = 0
        while !scene.attacker.isClosed, sent < 20 * Self.burst {
            scene.attacker.send((0..<50).flatMap { flood.frames(sent + $0) })
            sent += 50
        }
        scene.expectAttackerOut(by: .frames)
        #expect(scene.attacker.goodbye?.text == "too_many_frames")
        // Not before what is allowed, and with little more than that.
        #expect(sent >= Self.burst)
        #expect(sent < 2 * Self.burst)
        // What a handler was given for was no more than the calls that came whole.
        #expect(scene.callsHandled == 0)
    }

    /// More in one go than nghttp2 acknowledges.
    @Test func settingsAtOnceEndTheConnection() throws {
        let scene = try AbuseScene()
        let settings = Frames.frame(Frames.settings, flags: 0, stream: 0, [])
        scene.attacker.send(Array(repeating: settings, count: 5000).joined())
        scene.expectAttackerOut(by: .frames)
    }

    @Test func continuationsEndTheConnection() throws {
        let scene = try AbuseScene()
        scene.attacker.send(
            Frames.frame(Frames.headers, flags: 0, stream: 1, Frames.fields("/t/Echo")))
        for index in 0..<HTTP2Session.continuationsMax + 1 {
            #expect(!scene.attacker.isClosed)
            let field = HPACK.literal("x-\(index)", "a")
            scene.attacker.send(Frames.frame(Frames.continuation, flags: 0, stream: 1, field))
        }
        scene.expectAttackerOut(by: .continuations)
    }

    @Test func pingsEndTheConnection() throws {
        let scene = try AbuseScene()
        let ping = Frames.frame(Frames.ping, flags: 0, stream: 0, [UInt8](repeating: 1, count: 8))
        scene.attacker.send(Array(repeating: ping, count: 500).joined())
        scene.expectAttackerOut(by: .pings)
    }

    /// Frames of types that nobody knows are read past, and cost what their bytes cost.
    @Test func unknownFramesAreReadPast() throws {
        let scene = try AbuseScene()
        let frame = Frames.frame(0xFA, flags: 0xFF, stream: 0, [1, 2, 3])
        let before = scene.attacker.received.count
        scene.attacker.send(Array(repeating: frame, count: 50_000).joined())
        #expect(scene.attacker.received.count == before)
        scene.attacker.send(
            Frames.request("/t/Echo", stream: 1) + Frames.message([1], stream: 1))
        #expect(scene.counters.answered[.ok] == 1)
        scene.expectBystanderServed()
    }

    /// What honest peers send beside their calls is no flood, however long they go on.
    @Test func whatGoesWithCallsIsNoFlood() throws {
        var limits = RPCLimits()
        limits.idleFramesBurst = 20
        limits.idleFramesPerSecond = 1
        let scene = try AbuseScene(limits: limits)
        for index in 0..<2000 {
            let stream = UInt32(2 * index + 1)
            let idle = Frames.update(0, by: 9) + Frames.update(stream, by: 9)
            scene.attacker.send(
                Frames.request("/t/Echo", stream: stream) + idle
                    + Frames.message([1], stream: stream))
        }
        #expect(scene.counters.answered[.ok] == 2000)
        #expect(scene.counters[.frames] == 0)
    }

    @Test func tokensComeBackWithTime() {
        let start = Instant(nanoseconds: 0)
        var budget = FrameBudget(burst: 3, perSecond: 10, at: start)
        let spend = { (milliseconds: Int) in
            budget.spend(at: start + .milliseconds(milliseconds))
        }
        #expect((0..<3).allSatisfy { _ in !spend(0) })
        // A tenth of a second for each.
        #expect(!spend(100) && !spend(200))
        #expect(spend(210))
        // Told once.
        #expect(!spend(210) && budget.isOverdrawn)
    }
}
