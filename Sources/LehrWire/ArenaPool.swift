/// Arenas that are used again and again by one core, so that a small message costs no allocation but
/// that of its bytes.
package final class ArenaPool {
    private var idle: [WireArena] = []

    /// Arenas kept, with 8 KiB each. Calls inside each other need a few, and each `async` handler that
    /// waits has one; beyond, they are freed.
    private static let idleMax = 64

    package init() {}

    /// Runs `body` with an empty arena; what it holds is gone afterwards.
    package func withArena<Result, Failure: Error>(
        _ body: (WireArena) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let arena = take()
        defer { give(arena) }
        return try body(arena)
    }

    /// An empty arena, to be given back: for work that waits, and where each call would feel that
    /// `withArena` is generic.
    package func take() -> WireArena { idle.popLast() ?? WireArena() }

    package func give(_ arena: consuming WireArena) {
        guard idle.count < Self.idleMax else { return }
        arena.removeAll()
        idle.append(arena)
    }

    /// The bytes of a message that `fill` builds.
    package func encode<M: WireMessage>(_ fill: (inout M, WireArena) -> Void) -> [UInt8] {
        let arena = take()
        let bytes = arena.bytes(of: arena.make(M.self, fill))
        give(arena)
        return bytes
    }
}
