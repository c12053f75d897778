import CLehrKernels

/// Keys whose bucket was full of others, until the bucket behind it has come.
struct DeferredKeys {
    private let keys: UnsafeMutablePointer<LocatedKeyPointer>
    private var count = 0

    @inline(__always)
    init(_ keys: UnsafeMutablePointer<LocatedKeyPointer>) { self.keys = keys }

    @inline(__always)
    mutating func add(_ key: LocatedKeyPointer) {
        KeyIndex.goOn(&key.pointee.bucket, &key.pointee.tag)
        lehr_prefetch(key.pointee.bucket)
        (keys + count).initialize(to: key)
        count &+= 1
    }

    /// Asks for the rows of the keys.
    @inline(__always)
    mutating func finish(_ near: Int) {
        if count > 0 { finishAll(near) }
    }

    @inline(never)
    private mutating func finishAll(_ near: Int) {
        for i in 0..<count {
            let key = keys[i]
            key.pointee.row = Self.row(of: key)
            key.pointee.row?.prefetch(near)
        }
        count = 0
    }

    private static func row(of key: LocatedKeyPointer) -> RowPointer? {
        while true {
            switch key.pointee.candidate() {
            case .row(let row): return row
            case .none: return nil
            case .farther: KeyIndex.goOn(&key.pointee.bucket, &key.pointee.tag)
            }
        }
    }
}
