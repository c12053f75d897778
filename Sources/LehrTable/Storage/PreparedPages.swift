import Glibc
import Synchronization

/// Pages on their way between a core, which asks for them, and a thread that touches them, so that
/// the core never waits for the system to clear a page.
///
/// A few cells, each empty, asked for or ready: no lock, and nothing that either side waits for.
package final class PreparedPages: Sendable {
    /// The low bit of a page's address says that it is ready.
    private static let ready: UInt = 1

    package let count: Int
    private nonisolated(unsafe) let cells: UnsafeMutablePointer<Atomic<UInt>>
    private let closed = Atomic<Bool>(false)
    /// Held while pages are touched, and while they are unmapped.
    private let touching = Mutex(())

    init(count: Int) {
        self.count = count
        cells = .allocate(capacity: count)
        for index in 0..<count { (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: count)
        cells.deallocate()
    }

    // MARK: - The core's side

    var hasRoom: Bool {
        (0..<count).contains { cells[$0].load(ordering: .relaxed) == 0 }
    }

    /// Whether no page is on its way.
    var isEmpty: Bool {
        (0..<count).allSatisfy { cells[$0].load(ordering: .relaxed) == 0 }
    }

    /// Asks for a page to be touched; needs `hasRoom`.
    func request(_ page: UnsafeMutableRawPointer) {
        for index in 0..<count where cells[index].load(ordering: .relaxed) == 0 {
            return cells[index].store(UInt(bitPattern: page), ordering: .releasing)
        }
        preconditionFailure("no room for another page")
    }

    /// A page that is ready, or nil.
    func take() -> UnsafeMutableRawPointer? {
        for index in 0..<count {
            let cell = cells[index].load(ordering: .acquiring)
            guard cell & Self.ready != 0 else { continue }
            cells[index].store(0, ordering: .relaxed)
            return UnsafeMutableRawPointer(bitPattern: cell & ~Self.ready)
        }
        return nil
    }

    /// A page that is ready or not even begun, or nil; waits for one that is being touched, which
    /// takes as long as it would take to touch it here.
    func takeBack() -> UnsafeMutableRawPointer? {
        let address: UInt = touching.withLock { _ in
            for index in 0..<count {
                let cell = cells[index].exchange(0, ordering: .acquiring)
                if cell != 0 { return cell & ~Self.ready }
            }
            return 0
        }
        return UnsafeMutableRawPointer(bitPattern: address)
    }

    /// After this no page is touched any more; waits for one that is being touched.
    func close() {
        touching.withLock { _ in closed.store(true, ordering: .relaxed) }
    }

    // MARK: - The other thread's side

    /// Touches the pages that were asked for; returns how many.
    package func touchRequested() -> Int {
        var touched = 0
        for index in 0..<count {
            touching.withLock { _ in
                guard !closed.load(ordering: .relaxed) else { return }
                let cell = cells[index].load(ordering: .acquiring)
                guard cell != 0, cell & Self.ready == 0,
                    let page = UnsafeMutableRawPointer(bitPattern: cell)
                else { return }
                Self.touch(page)
                cells[index].store(cell | Self.ready, ordering: .releasing)
                touched += 1
            }
        }
        return touched
    }

    /// Has the system put memory behind a page.
    static func touch(_ page: UnsafeMutableRawPointer) {
        // With huge pages the first write is enough; without, each small page needs its own.
        for offset in stride(from: 0, to: BlockPool.page, by: 4096) {
            (page + offset).storeBytes(of: 0, as: UInt8.self)
        }
    }
}
