import CNGHTTP2
import Glibc

/// The memory of one core's nghttp2 sessions: blocks that a session frees are kept and given out
/// again, for a call needs a dozen of them, always of the same sizes.
///
/// A block has its size class before it. Only its core may use it; it outlives its sessions. What is
/// kept is bounded for each class; beyond, and above the largest class, blocks come from and go to
/// `malloc`.
final class SessionMemory {
    private struct FreeList {
        var first: UnsafeMutableRawPointer?
        var count = 0
    }

    private let lists: UnsafeMutablePointer<FreeList>
    private let table: UnsafeMutablePointer<nghttp2_mem>

    /// Bytes by which the classes differ, and of which each block's head takes a part of one.
    private static let step = 64
    #if LEHR_PLAIN_MALLOC
        // None: a sanitizer is to see each block by itself.
        private static let classCount = 0
    #else
        private static let classCount = 33
    #endif
    /// Also the alignment that `malloc` promises.
    private static let headBytes = 16
    /// 32 classes of up to 2 KiB hold at most 33 MiB.
    private static let keptMax = 1024
    /// The class of a block that is too large for one.
    private static let large = 0

    init() {
        lists = .allocate(capacity: Self.classCount)
        lists.initialize(repeating: FreeList(), count: Self.classCount)
        table = .allocate(capacity: 1)
        table.initialize(
            to: nghttp2_mem(
                mem_user_data: lists,
                malloc: { size, lists in SessionMemory.take(size, lists) },
                free: { block, lists in SessionMemory.give(block, lists) },
                calloc: { count, size, lists in
                    let (bytes, isOverflowing) = count.multipliedReportingOverflow(by: size)
                    guard !isOverflowing, let block = SessionMemory.take(bytes, lists) else {
                        return nil
                    }
                    memset(block, 0, bytes)
                    return block
                },
                realloc: { block, size, lists in SessionMemory.resize(block, size, lists) }))
    }

    deinit {
        for index in 0..<Self.classCount {
            while let block = lists[index].first {
                lists[index].first = block.load(as: UnsafeMutableRawPointer?.self)
                Glibc.free(block - Self.headBytes)
            }
        }
        lists.deallocate()
        table.deallocate()
    }

    /// For nghttp2, which copies it.
    var functions: UnsafeMutablePointer<nghttp2_mem> { table }

    private static func take(
        _ size: Int, _ context: UnsafeMutableRawPointer?
    ) -> UnsafeMutableRawPointer? {
        let sizeClass = (size + headBytes + step - 1) / step
        guard sizeClass < classCount else { return allocate(size + headBytes, large, size) }
        guard let list = context?.assumingMemoryBound(to: FreeList.self) + sizeClass,
            let block = list.pointee.first
        else { return allocate(sizeClass * step, sizeClass, sizeClass * step - headBytes) }
        list.pointee.first = block.load(as: UnsafeMutableRawPointer?.self)
        list.pointee.count -= 1
        return block
    }

    /// A new block of `bytes`, of which `usable` are for its user.
    private static func allocate(
        _ bytes: Int, _ sizeClass: Int, _ usable: Int
    ) -> UnsafeMutableRawPointer? {
        guard let start = malloc(bytes) else { return nil }
        start.storeBytes(of: sizeClass, as: Int.self)
        start.storeBytes(of: usable, toByteOffset: MemoryLayout<Int>.size, as: Int.self)
        return start + headBytes
    }

    private static func give(_ block: UnsafeMutableRawPointer?, _ context: UnsafeMutableRawPointer?)
    {
        guard let block else { return }
        let sizeClass = (block - headBytes).load(as: Int.self)
        guard sizeClass != large,
            let list = context?.assumingMemoryBound(to: FreeList.self) + sizeClass,
            list.pointee.count < keptMax
        else { return Glibc.free(block - headBytes) }
        block.storeBytes(of: list.pointee.first, as: UnsafeMutableRawPointer?.self)
        list.pointee.first = block
        list.pointee.count += 1
    }

    private static func resize(
        _ block: UnsafeMutableRawPointer?, _ size: Int, _ context: UnsafeMutableRawPointer?
    ) -> UnsafeMutableRawPointer? {
        guard let block else { return take(size, context) }
        let usable = (block - headBytes).load(
            fromByteOffset: MemoryLayout<Int>.size, as: Int.self)
        guard size > usable else { return block }
        guard let larger = take(size, context) else { return nil }
        memcpy(larger, block, usable)
        give(block, context)
        return larger
    }
}

private func + <Pointee>(
    pointer: UnsafeMutablePointer<Pointee>?, offset: Int
) -> UnsafeMutablePointer<Pointee>? {
    pointer.map { $0 + offset }
}
